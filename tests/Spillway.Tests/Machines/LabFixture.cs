using System.Diagnostics;
using Spillway.Tests.Cli;

namespace Spillway.Tests.Machines;

/// <summary>The lab's four hosts, bare, and one <c>spillway up</c> of them; for <c>./test --lab</c> only.</summary>
public sealed class LabFixture : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();

    internal SpillwayProcess? FirstUp { get; private set; }

    public string State => Path.Combine(folder.Path, "state");

    public string Missing { get; private set; } = Environment.GetEnvironmentVariable("SPILLWAY_TEST_LAB") != "1"
        ? "the lab runs in ./test --lab"
        : Environment.UserName != "root" ? "the lab needs root" : "";

    public async ValueTask InitializeAsync()
    {
        if (Missing.Length > 0) return;
        var up = await LabAsync("up");
        if (up.Code != 0)
        {
            Missing = $"the lab does not come up here: {up.Text}";
            return;
        }

        FirstUp = await SpillwayAsync("up");
    }

    public void SkipWhereMissing() => Assert.SkipWhen(Missing.Length > 0, Missing);

    internal Task<SpillwayProcess> SpillwayAsync(params string[] words) => SpillwayProcess.RunAsync(
        [.. words.TakeWhile(word => word is "node" or "add" or "remove" or "reset" or "up" or "doctor"),
            "examples/lab", .. words.SkipWhile(word => word is "node" or "add" or "remove" or "reset" or "up" or "doctor"),
            "--state", State]);

    public Process StartUp() => SpillwayProcess.Start(
        SpillwayProcess.Root, ["up", "examples/lab", "--state", State]);

    public static async Task<(int Code, string Text)> LabAsync(params string[] words)
    {
        var start = new ProcessStartInfo(Path.Combine(SpillwayProcess.Root, "lab"), words)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    public async ValueTask DisposeAsync()
    {
        if (FirstUp is not null) await LabAsync("down");
        folder.Dispose();
    }
}
