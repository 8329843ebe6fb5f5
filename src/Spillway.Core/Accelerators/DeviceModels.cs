using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Spillway.Core.Accelerators;

public enum DeviceKind
{
    Gpu,
    Fpga,

    /// <summary>A chip for neural networks or video that is neither.</summary>
    Asic,
}

/// <summary>A device as it is known in the field.</summary>
/// <param name="Model">The name used in cluster files: <c>xilinx-u250</c>.</param>
/// <param name="Resource">The extended resource of its device plugin: <c>xilinx/u250</c>, <c>nvidia.com/gpu</c>.</param>
/// <param name="MemoryGib">Nominal memory in GiB, zero where it has none of its own.</param>
/// <param name="ProductLabel">The value of the vendor's product label on its nodes, null where there is no such label.</param>
public sealed record DeviceModel(
    string Model, DeviceKind Kind, string Resource, int MemoryGib, string? ProductLabel = null)
{
    public string Vendor => Model[..Model.IndexOf('-')];
}

/// <summary>The devices that Spillway knows. A file may use others by saying their <c>resource</c>.</summary>
public static class DeviceModels
{
    /// <summary>The label by which NVIDIA's feature discovery names the product of a node.</summary>
    public const string NvidiaProductLabel = "nvidia.com/gpu.product";

    private const string Nvidia = "nvidia.com/gpu";
    private const string Amd = "amd.com/gpu";

    private static readonly DeviceModel[] Known =
    [
        // FPGAs: <vendor>/<platform>, as InAccel's operator names them.
        new("xilinx-u50", DeviceKind.Fpga, "xilinx/u50", 8),
        new("xilinx-u55c", DeviceKind.Fpga, "xilinx/u55c", 16),
        new("xilinx-u200", DeviceKind.Fpga, "xilinx/u200", 64),
        new("xilinx-u250", DeviceKind.Fpga, "xilinx/u250", 64),
        new("xilinx-u280", DeviceKind.Fpga, "xilinx/u280", 32),
        new("aws-vu9p-f1", DeviceKind.Fpga, "xilinx/aws-vu9p-f1", 64),
        new("aws-vu47p-f2", DeviceKind.Fpga, "xilinx/aws-vu47p-f2", 16),
        new("intel-pac-a10", DeviceKind.Fpga, "intel/pac_a10", 8),
        new("intel-pac-s10", DeviceKind.Fpga, "intel/pac_s10", 32),

        new("nvidia-t4", DeviceKind.Gpu, Nvidia, 16, "Tesla-T4"),
        new("nvidia-t4g", DeviceKind.Gpu, Nvidia, 16, "NVIDIA-T4G"),
        new("nvidia-v100", DeviceKind.Gpu, Nvidia, 16, "Tesla-V100-SXM2-16GB"),
        new("nvidia-v100-32gb", DeviceKind.Gpu, Nvidia, 32, "Tesla-V100-SXM2-32GB"),
        new("nvidia-p100", DeviceKind.Gpu, Nvidia, 16, "Tesla-P100-PCIE-16GB"),
        new("nvidia-k80", DeviceKind.Gpu, Nvidia, 12, "Tesla-K80"),
        new("nvidia-k520", DeviceKind.Gpu, Nvidia, 4, "GRID-K520"),
        new("nvidia-m60", DeviceKind.Gpu, Nvidia, 8, "Tesla-M60"),
        new("nvidia-a10", DeviceKind.Gpu, Nvidia, 24, "NVIDIA-A10"),
        new("nvidia-a10g", DeviceKind.Gpu, Nvidia, 24, "NVIDIA-A10G"),
        new("nvidia-a30", DeviceKind.Gpu, Nvidia, 24, "NVIDIA-A30"),
        new("nvidia-a40", DeviceKind.Gpu, Nvidia, 48, "NVIDIA-A40"),
        new("nvidia-a100", DeviceKind.Gpu, Nvidia, 40, "NVIDIA-A100-SXM4-40GB"),
        new("nvidia-a100-80gb", DeviceKind.Gpu, Nvidia, 80, "NVIDIA-A100-SXM4-80GB"),
        new("nvidia-h100", DeviceKind.Gpu, Nvidia, 80, "NVIDIA-H100-80GB-HBM3"),
        new("nvidia-h200", DeviceKind.Gpu, Nvidia, 141, "NVIDIA-H200"),
        new("nvidia-b200", DeviceKind.Gpu, Nvidia, 180, "NVIDIA-B200"),
        new("nvidia-b300", DeviceKind.Gpu, Nvidia, 288, "NVIDIA-B300"),
        new("nvidia-l4", DeviceKind.Gpu, Nvidia, 24, "NVIDIA-L4"),
        new("nvidia-l40", DeviceKind.Gpu, Nvidia, 48, "NVIDIA-L40"),
        new("nvidia-l40s", DeviceKind.Gpu, Nvidia, 48, "NVIDIA-L40S"),
        new("nvidia-rtx-3090", DeviceKind.Gpu, Nvidia, 24, "NVIDIA-GeForce-RTX-3090"),
        new("nvidia-rtx-4090", DeviceKind.Gpu, Nvidia, 24, "NVIDIA-GeForce-RTX-4090"),
        new("nvidia-rtx-5090", DeviceKind.Gpu, Nvidia, 32, "NVIDIA-GeForce-RTX-5090"),
        new("nvidia-rtx-a4000", DeviceKind.Gpu, Nvidia, 16, "NVIDIA-RTX-A4000"),
        new("nvidia-rtx-a5000", DeviceKind.Gpu, Nvidia, 24, "NVIDIA-RTX-A5000"),
        new("nvidia-rtx-a6000", DeviceKind.Gpu, Nvidia, 48, "NVIDIA-RTX-A6000"),
        new("nvidia-rtx-6000-ada", DeviceKind.Gpu, Nvidia, 48, "NVIDIA-RTX-6000-Ada-Generation"),
        new("nvidia-rtx-pro-4500", DeviceKind.Gpu, Nvidia, 32),
        new("nvidia-rtx-pro-6000", DeviceKind.Gpu, Nvidia, 96),

        new("amd-v520", DeviceKind.Gpu, Amd, 8),
        new("amd-mi25", DeviceKind.Gpu, Amd, 16),
        new("amd-mi100", DeviceKind.Gpu, Amd, 32),
        new("amd-mi210", DeviceKind.Gpu, Amd, 64),
        new("amd-mi250", DeviceKind.Gpu, Amd, 128),
        new("amd-mi300x", DeviceKind.Gpu, Amd, 192),
        new("amd-u30", DeviceKind.Asic, "amd.com/ama_u30", 0),

        new("intel-gaudi", DeviceKind.Asic, "habana.ai/gaudi", 32),
        new("aws-inferentia", DeviceKind.Asic, "aws.amazon.com/neuron", 8),
        new("aws-inferentia2", DeviceKind.Asic, "aws.amazon.com/neuron", 32),
        new("aws-trainium", DeviceKind.Asic, "aws.amazon.com/neuron", 32),
        new("aws-trainium2", DeviceKind.Asic, "aws.amazon.com/neuron", 96),
    ];

    // The names used by the price table's sources; memory tells the two sizes of one name apart.
    private static readonly Dictionary<string, string> CatalogNames = new(StringComparer.Ordinal)
    {
        ["Xilinx VU9P FPGA"] = "aws-vu9p-f1",
        ["AMD VU47P FPGA"] = "aws-vu47p-f2",
        ["Alveo U250 FPGA"] = "xilinx-u250",
        ["Radeon Pro V520"] = "amd-v520",
        ["MI25"] = "amd-mi25",
        ["MI300X"] = "amd-mi300x",
        ["U30"] = "amd-u30",
        ["Gaudi HL-205"] = "intel-gaudi",
        ["Inferentia"] = "aws-inferentia",
        ["Inferentia2"] = "aws-inferentia2",
        ["Trainium"] = "aws-trainium",
        ["Trainium2"] = "aws-trainium2",
        ["RTX-PRO-4500"] = "nvidia-rtx-pro-4500",
        ["RTX-PRO-SERVER-6000"] = "nvidia-rtx-pro-6000",
        ["RTX PRO 6000"] = "nvidia-rtx-pro-6000",
    };

    private static readonly Dictionary<string, DeviceModel> ByName =
        Known.ToDictionary(model => model.Model, StringComparer.Ordinal);

    public static IReadOnlyList<DeviceModel> All => Known;

    public static bool TryFind(string model, [NotNullWhen(true)] out DeviceModel? found) =>
        ByName.TryGetValue(model, out found);

    /// <summary>
    /// The name Spillway uses: <c>nvidia-a100-40gb</c> is <c>nvidia-a100</c>, whose memory that is. Unknown names stay.
    /// </summary>
    public static string Canonical(string model)
    {
        if (ByName.ContainsKey(model) || !model.EndsWith("gb", StringComparison.Ordinal))
            return model;
        var dash = model.LastIndexOf('-');
        return dash > 0 && ByName.TryGetValue(model[..dash], out var known)
            && model[(dash + 1)..] == string.Create(CultureInfo.InvariantCulture, $"{known.MemoryGib}gb")
            ? known.Model
            : model;
    }

    /// <summary>The model behind a price table's accelerator; null where Spillway knows no resource for it.</summary>
    public static DeviceModel? ForCatalog(string accelerator, int memoryGib)
    {
        if (!CatalogNames.TryGetValue(accelerator, out var name))
            name = "nvidia-" + accelerator.ToLowerInvariant();
        return ByName.TryGetValue($"{name}-{memoryGib}gb", out var sized) ? sized : ByName.GetValueOrDefault(name);
    }
}
