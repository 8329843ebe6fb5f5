using System.Text.Json;
using System.Text.Json.Serialization;

namespace Spillway.Sandbox.Clouds;

/// <summary>
/// The simulated clouds' own memory. A real cloud does not forget its machines when Spillway is killed, so neither does
/// this one: with a folder, every launch and removal is on the disk before it is answered.
/// </summary>
internal sealed class CloudState
{
    private const string FileName = "clouds.json";

    private readonly string? _folder;
    private readonly Dictionary<string, RentedMachine> _machines = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _byToken = new(StringComparer.Ordinal);

    private CloudState(string? folder, DateTimeOffset startedAt)
    {
        _folder = folder;
        StartedAt = startedAt;
    }

    /// <summary>When the run began that stock-outs and interruptions of the cluster file count from.</summary>
    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>All machines ever, in the order of their launch.</summary>
    public IReadOnlyCollection<RentedMachine> Machines => _machines.Values;

    /// <param name="folder">Where to keep the state; null for memory only.</param>
    /// <exception cref="InvalidDataException">The file there is not one of ours.</exception>
    public static CloudState Open(string? folder, DateTimeOffset now)
    {
        var state = new CloudState(folder, now);
        if (folder is null || !File.Exists(Path.Combine(folder, FileName))) return state;
        var path = Path.Combine(folder, FileName);
        try
        {
            var read = JsonSerializer.Deserialize(File.ReadAllBytes(path), CloudStateJson.Default.CloudStateFile)
                ?? throw new JsonException("the file is empty");
            state.StartedAt = read.StartedAt;
            foreach (var machine in read.Machines) state.Put(machine);
            return state;
        }
        catch (JsonException damage)
        {
            throw new InvalidDataException(
                $"{path} does not hold the simulated clouds' state ({damage.Message}). Remove it to start with empty clouds.",
                damage);
        }
    }

    public RentedMachine? Find(string machineId) => _machines.GetValueOrDefault(machineId);

    public RentedMachine? FindToken(string token) =>
        _byToken.TryGetValue(token, out var machineId) ? _machines[machineId] : null;

    /// <summary>Keeps the machine as it now is, on the disk too.</summary>
    public void Keep(RentedMachine machine)
    {
        Put(machine);
        if (_folder is null) return;
        Directory.CreateDirectory(_folder);
        var path = Path.Combine(_folder, FileName);
        using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, new CloudStateFile(StartedAt, [.. _machines.Values]),
                CloudStateJson.Default.CloudStateFile);
            file.Flush(flushToDisk: true);
        }
        File.Move(path + ".new", path, overwrite: true);
    }

    private void Put(RentedMachine machine)
    {
        _machines[machine.MachineId] = machine;
        _byToken[machine.Token] = machine.MachineId;
    }
}

internal sealed record CloudStateFile(DateTimeOffset StartedAt, IReadOnlyList<RentedMachine> Machines);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CloudStateFile))]
internal sealed partial class CloudStateJson : JsonSerializerContext;
