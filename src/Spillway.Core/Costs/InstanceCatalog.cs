using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using System.Text;

namespace Spillway.Core.Costs;

public enum CloudProvider
{
    Aws,
    Gcp,
    Azure,
}

/// <summary>How many of a type's spot nodes AWS took back in a month, as its Spot Advisor publishes it.</summary>
public enum InterruptionBand
{
    Unknown,
    Below5Percent,
    From5To10Percent,
    From10To15Percent,
    From15To20Percent,
    Above20Percent,
}

/// <summary>What a cloud's instance type is made of, the same in every region.</summary>
/// <param name="MemoryMib">Nominal memory in MiB.</param>
/// <param name="Arch"><c>amd64</c> or <c>arm64</c>.</param>
/// <param name="Accelerator">The vendor's name of its devices (<c>A10G</c>, <c>Xilinx VU9P FPGA</c>), or null.</param>
/// <param name="AcceleratorMemoryGib">Memory of one device in GiB, zero where unknown.</param>
/// <param name="NvmeGib">Local NVMe storage in GiB.</param>
/// <param name="NetworkMbps">Network bandwidth in Mbit/s, zero where unknown.</param>
public sealed record InstanceType(
    string Name,
    CloudProvider Provider,
    int Vcpus,
    int MemoryMib,
    string Arch,
    string? Accelerator,
    int AcceleratorCount,
    int AcceleratorMemoryGib,
    int NvmeGib,
    int NetworkMbps)
{
    /// <summary>What an EKS node of this type leaves to pods, measured by Karpenter; null where nobody has.</summary>
    public EksAllocatable? Eks { get; init; }
}

/// <param name="Pods">Pods for which the type's network interfaces have addresses.</param>
/// <param name="CpuMilli">Thousandths of a CPU.</param>
/// <param name="MemoryMib">MiB.</param>
public sealed record EksAllocatable(int Pods, int CpuMilli, int MemoryMib);

/// <summary>What a type costs in a region.</summary>
/// <param name="Spot">Null where the source knows no spot price.</param>
public sealed record InstancePrice(
    InstanceType Type, string Region, HourlyPrice OnDemand, HourlyPrice? Spot, InterruptionBand Interruptions);

/// <summary>What a node must have at least; zero or null does not matter.</summary>
public sealed record InstanceNeed(
    int Vcpus = 0, int MemoryMib = 0, string? Arch = null, string? Accelerator = null, int AcceleratorCount = 0);

/// <summary>
/// The price table that ships with Spillway (docs/reference/prices.md): read on first use, in a few milliseconds.
/// </summary>
public static class InstanceCatalog
{
    private static readonly Lazy<Table> Loaded = new(Load);

    /// <summary>Known regions in name order.</summary>
    public static IReadOnlyCollection<string> Regions => Loaded.Value.Regions.Keys;

    public static IReadOnlyCollection<InstanceType> Types => Loaded.Value.Types.Values;

    public static bool HasRegion(string region) => Loaded.Value.Regions.ContainsKey(region);

    public static InstanceType? FindType(string name) => Loaded.Value.Types.GetValueOrDefault(name);

    public static bool TryFind(string region, string type, [NotNullWhen(true)] out InstancePrice? price) =>
        (price = Find(region, type)) is not null;

    /// <summary>The price of a type in a region; null where the table does not know the pair.</summary>
    public static InstancePrice? Find(string region, string type) =>
        Loaded.Value.Regions.TryGetValue(region, out var prices) ? prices.Value.GetValueOrDefault(type) : null;

    /// <summary>Every type with a price in the region, in name order.</summary>
    public static IEnumerable<InstancePrice> InRegion(string region) =>
        Loaded.Value.Regions.TryGetValue(region, out var prices) ? prices.Value.Values : [];

    /// <summary>Types that have what is needed, the cheapest (on demand, or at their spot price) first.</summary>
    public static IReadOnlyList<InstancePrice> Search(string region, InstanceNeed need, bool spot = false)
    {
        var found = InRegion(region).Where(price => Meets(price.Type, need) && (!spot || price.Spot is not null));
        return [.. found
            .OrderBy(price => spot ? price.Spot!.Value.Amount : price.OnDemand.Amount)
            .ThenBy(price => price.Type.Name, StringComparer.Ordinal)];
    }

    private static bool Meets(InstanceType type, InstanceNeed need) =>
        type.Vcpus >= need.Vcpus
        && type.MemoryMib >= need.MemoryMib
        && (need.Arch is null || type.Arch == need.Arch)
        && (need.Accelerator is null || type.Accelerator == need.Accelerator)
        && type.AcceleratorCount >= need.AcceleratorCount;

    private static Table Load()
    {
        using var resource = typeof(InstanceCatalog).Assembly.GetManifestResourceStream("Spillway.Core.prices.bin")
            ?? throw new InvalidOperationException("The price table is missing from the program.");
        using var plain = new MemoryStream(512 * 1024);
        using (var brotli = new BrotliStream(resource, CompressionMode.Decompress))
            brotli.CopyTo(plain);
        plain.Position = 0;
        using var reader = new BinaryReader(plain, Encoding.UTF8);
        if (reader.ReadByte() != 2)
            throw new InvalidDataException("The price table was made by another version of eng/prices.");

        var types = ReadTypes(reader);
        var byName = new Dictionary<string, InstanceType>(types.Length, StringComparer.Ordinal);
        foreach (var type in types)
            byName[type.Name] = type;
        // A cluster rents in one or two regions: the others are never read.
        var regions = new SortedDictionary<string, Lazy<Dictionary<string, InstancePrice>>>(StringComparer.Ordinal);
        for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
        {
            var region = reader.ReadString();
            var bytes = reader.ReadBytes(reader.Read7BitEncodedInt());
            regions[region] = new(() => ReadPrices(bytes, region, types));
        }

        return new Table(byName, regions);
    }

    private static InstanceType[] ReadTypes(BinaryReader reader)
    {
        var types = new InstanceType[reader.Read7BitEncodedInt()];
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < types.Length; i++)
        {
            var name = reader.ReadString();
            var flags = reader.ReadByte();
            var vcpus = reader.Read7BitEncodedInt();
            var memory = reader.Read7BitEncodedInt();
            var count = reader.Read7BitEncodedInt();
            var accelerator = count > 0 ? reader.ReadString() : null;
            if (accelerator is not null && !names.TryAdd(accelerator, accelerator))
                accelerator = names[accelerator];
            var acceleratorMemory = count > 0 ? reader.Read7BitEncodedInt() : 0;
            var pods = reader.Read7BitEncodedInt();
            var eks = new EksAllocatable(pods, reader.Read7BitEncodedInt(), reader.Read7BitEncodedInt());
            types[i] = new InstanceType(name, (CloudProvider)(flags & 3), vcpus, memory,
                (flags & 4) != 0 ? "arm64" : "amd64", accelerator, count, acceleratorMemory,
                reader.Read7BitEncodedInt(), reader.Read7BitEncodedInt())
            {
                Eks = pods > 0 ? eks : null,
            };
        }

        return types;
    }

    private static Dictionary<string, InstancePrice> ReadPrices(byte[] bytes, string region, InstanceType[] types)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        var count = reader.Read7BitEncodedInt();
        var prices = new Dictionary<string, InstancePrice>(count, StringComparer.Ordinal);
        var number = -1;
        for (; count > 0; count--)
        {
            number += reader.Read7BitEncodedInt();
            var type = types[number];
            var onDemand = HourlyPrice.Usd(FromMicro(reader.Read7BitEncodedInt64()));
            var spotMicro = reader.Read7BitEncodedInt64();
            HourlyPrice? spot = spotMicro > 0 ? HourlyPrice.Usd(FromMicro(spotMicro)) : null;
            prices[type.Name] = new InstancePrice(type, region, onDemand, spot, (InterruptionBand)reader.ReadByte());
        }

        return prices;
    }

    private static decimal FromMicro(long micro) => new(unchecked((int)micro), (int)(micro >> 32), 0, false, 6);

    private sealed record Table(
        Dictionary<string, InstanceType> Types,
        SortedDictionary<string, Lazy<Dictionary<string, InstancePrice>>> Regions);
}
