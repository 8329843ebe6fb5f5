using Spillway.Cli.Clusters;

namespace Spillway.Cli.Reports;

/// <summary>Reads the report of a cluster on disk, whether it runs now or not.</summary>
internal static class LiveReport
{
    public static RunReport Read(StateFolder folder, string cluster, TimeProvider wall)
    {
        var session = folder.ReadSession()
            ?? throw new CommandFailure(
                ExitCode.No, $"{folder.Path}: this cluster was never started; start it with 'spillway up'");
        using var ledger = folder.OpenLedger();
        return RunReport.Of(cluster, ledger, session.At(wall.GetUtcNow()));
    }
}
