// Makes src/Spillway.Core/Costs/prices.bin from the price tables described in docs/reference/prices.md:
//   dotnet run eng/prices/GeneratePrices.cs -- FOLDER_WITH_CSV_FILES src/Spillway.Core/Costs/prices.bin
#:property TreatWarningsAsErrors=false
#:property RunAnalyzers=false
#:property PublishAot=false

using System.Globalization;
using System.IO.Compression;
using System.Text;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: dotnet run eng/prices/GeneratePrices.cs -- FOLDER_WITH_CSV_FILES OUTPUT");
    return 2;
}

var table = new PriceTable();
table.AddPrices(Path.Combine(args[0], "aws.csv"), "aws");
table.AddPrices(Path.Combine(args[0], "aws_us-east-1_2026-07-20.csv"), "aws");
table.AddPrices(Path.Combine(args[0], "gcp.csv"), "gcp");
table.AddPrices(Path.Combine(args[0], "azure.csv"), "azure");
table.AddAwsLimits(Path.Combine(args[0], "aws_instance_types.csv"));
using var file = File.Create(args[1]);
table.Write(file);
Console.WriteLine($"{table.Types} types, {table.Prices} prices, {file.Length} bytes");
return 0;

internal sealed class PriceTable
{
    private static readonly string[] Bands = ["", "<5%", "5-10%", "10-15%", "15-20%", ">20%"];
    private readonly SortedDictionary<string, TypeRow> types = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SortedDictionary<string, PriceRow>> regions = new(StringComparer.Ordinal);

    public int Types => types.Count;

    public int Prices => regions.Values.Sum(region => region.Count);

    // Files are read oldest first: a later on-demand price replaces an earlier one, and the spot price, which the
    // sources give as a saving on the on-demand price, moves with it.
    public void AddPrices(string path, string provider)
    {
        foreach (var row in Csv.Read(path))
        {
            var name = row["instance_type"];
            var accelerators = row["accelerator_count"] is { Length: > 0 } count ? Csv.Number(count) : 0;
            // Fractions of a GPU (vGPU sizes) are no device a pod can be given: such types count none.
            var whole = accelerators == decimal.Truncate(accelerators) ? (int)accelerators : 0;
            types[name] = new TypeRow(provider, (int)Csv.Number(row["vcpus"]),
                (int)(Csv.Number(row["memory_gib"]) * 1024), row["arch"] == "arm64",
                whole > 0 ? row["accelerator"] : "", whole,
                row["accel_mem_gib"] is { Length: > 0 } memory ? (int)Csv.Number(memory) : 0);

            if (!regions.TryGetValue(row["region"], out var region))
                regions[row["region"]] = region = new(StringComparer.Ordinal);
            var onDemand = Micro(Csv.Number(row["price_per_hour"]));
            var spot = row["spot_price_per_hour"] is { Length: > 0 } text ? Micro(Csv.Number(text)) : 0;
            var band = row.TryGetValue("spot_interruption_band", out var bandText) ? Array.IndexOf(Bands, bandText) : 0;
            if (spot == 0 && region.TryGetValue(name, out var earlier) && earlier.Spot > 0)
            {
                spot = (long)Math.Round((decimal)earlier.Spot * onDemand / earlier.OnDemand);
                band = earlier.Band;
            }

            region[name] = new PriceRow(onDemand, spot, band);
        }
    }

    public void AddAwsLimits(string path)
    {
        foreach (var row in Csv.Read(path))
        {
            if (!types.TryGetValue(row["instance_type"], out var type))
                continue;
            types[row["instance_type"]] = type with
            {
                MemoryMib = (int)Csv.Number(row["memory_mib"]),
                EksPods = Csv.Integer(row["alloc_pods"]),
                EksCpuMilli = Csv.Integer(row["alloc_cpu"].TrimEnd('m')),
                EksMemoryMib = Csv.Integer(row["alloc_memory"].Replace("Mi", "")),
                NvmeGib = Csv.Integer(row["local_nvme_gib"]),
                NetworkMbps = Csv.Integer(row["network_mbps"]),
            };
        }
    }

    public void Write(Stream output)
    {
        using var brotli = new BrotliStream(output, CompressionLevel.SmallestSize, leaveOpen: true);
        using var writer = new BinaryWriter(brotli, Encoding.UTF8);
        writer.Write((byte)2);
        writer.Write7BitEncodedInt(types.Count);
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, type) in types)
        {
            numbers[name] = numbers.Count;
            writer.Write(name);
            writer.Write((byte)(Array.IndexOf(["aws", "gcp", "azure"], type.Provider) | (type.Arm ? 4 : 0)));
            writer.Write7BitEncodedInt(type.Vcpus);
            writer.Write7BitEncodedInt(type.MemoryMib);
            writer.Write7BitEncodedInt(type.AcceleratorCount);
            if (type.AcceleratorCount > 0)
            {
                writer.Write(type.Accelerator);
                writer.Write7BitEncodedInt(type.AcceleratorMemoryGib);
            }

            writer.Write7BitEncodedInt(type.EksPods);
            writer.Write7BitEncodedInt(type.EksCpuMilli);
            writer.Write7BitEncodedInt(type.EksMemoryMib);
            writer.Write7BitEncodedInt(type.NvmeGib);
            writer.Write7BitEncodedInt(type.NetworkMbps);
        }

        writer.Write7BitEncodedInt(regions.Count);
        foreach (var (name, region) in regions)
        {
            // The length lets a reader skip the regions it does not need.
            var prices = PricesOf(region, numbers);
            writer.Write(name);
            writer.Write7BitEncodedInt(prices.Length);
            writer.Write(prices);
        }
    }

    private static byte[] PricesOf(SortedDictionary<string, PriceRow> region, Dictionary<string, int> numbers)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write7BitEncodedInt(region.Count);
        var last = -1;
        foreach (var (type, price) in region)
        {
            writer.Write7BitEncodedInt(numbers[type] - last);
            last = numbers[type];
            writer.Write7BitEncodedInt64(price.OnDemand);
            writer.Write7BitEncodedInt64(price.Spot);
            writer.Write((byte)price.Band);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    private static long Micro(decimal dollars) => (long)Math.Round(dollars * 1_000_000);

    private sealed record TypeRow(string Provider, int Vcpus, int MemoryMib, bool Arm, string Accelerator,
        int AcceleratorCount, int AcceleratorMemoryGib, int EksPods = 0, int EksCpuMilli = 0, int EksMemoryMib = 0,
        int NvmeGib = 0, int NetworkMbps = 0);

    private sealed record PriceRow(long OnDemand, long Spot, int Band);
}

internal static class Csv
{
    // The tables hold no quoted fields; one would be a new source and must be looked at.
    public static IEnumerable<Dictionary<string, string>> Read(string path)
    {
        var lines = File.ReadAllLines(path);
        var header = lines[0].Split(',');
        foreach (var line in lines.Skip(1).Where(line => line.Length > 0))
        {
            var fields = line.Split(',');
            if (fields.Length != header.Length || line.Contains('"'))
                throw new InvalidDataException($"{path}: not {header.Length} plain fields: {line}");
            yield return header.Zip(fields).ToDictionary(pair => pair.First, pair => pair.Second);
        }
    }

    public static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    public static int Integer(string text) => text.Length == 0 ? 0 : (int)Number(text);
}
