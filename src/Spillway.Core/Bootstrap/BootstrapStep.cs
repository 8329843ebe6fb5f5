using System.Text.Json.Nodes;

namespace Spillway.Core.Bootstrap;

/// <summary>On which machine a step runs.</summary>
public enum StepPlace
{
    Machine,

    /// <summary>The first control plane, about this machine: labels, annotations.</summary>
    ControlPlane,
}

/// <summary>
/// One thing that makes a host a node. Nothing happens when the check passes and the files are as they are to be; else
/// the files are written and the command is run, and the check has to pass afterwards.
/// </summary>
/// <param name="Name">Unique within the machine; its place in the journal.</param>
/// <param name="Check">Shell that exits with 0 when it is so already; empty where the files say it all.</param>
/// <param name="Run">Shell, run by <c>bash -euo pipefail</c> as root after the files are written; empty for none.</param>
/// <param name="Undo">Shell that takes it back; empty where taking it back would harm.</param>
/// <param name="Why">In plain words.</param>
public sealed record BootstrapStep(
    string Name, string Why, string Check, IReadOnlyList<HostFile> Files, string Run, string Undo,
    StepPlace Place = StepPlace.Machine)
{
    public static BootstrapStep Command(
        string name, string why, string check, string run, string undo = "", StepPlace place = StepPlace.Machine) =>
        new(name, why, check, [], run, undo, place);

    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["why"] = Why,
        ["place"] = Place == StepPlace.Machine ? "machine" : "control-plane",
        ["check"] = Check,
        ["files"] = new JsonArray([.. Files.Select(file => (JsonNode)new JsonObject
        {
            ["path"] = file.Path, ["mode"] = file.Mode, ["content"] = file.Content,
        })]),
        ["run"] = Run,
        ["undo"] = Undo,
    };

    public static BootstrapStep File(string name, string why, HostFile file, string run = "", string check = "") =>
        new(name, why, check, [file], run, $"rm -f {Shell.Quote(file.Path)}");
}
