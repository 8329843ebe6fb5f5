using System.Diagnostics;

namespace Spillway.Tests.Cli;

/// <summary>A real browser without a screen; tests skip where there is none.</summary>
internal static class Browser
{
    private static readonly string[] Names = ["chromium-headless-shell", "chromium", "google-chrome"];

    public static string? Program { get; } = Names
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    /// <summary>
    /// Opens a page from disk, runs its scripts, and returns the document as it is then, with what the browser logged: its
    /// console and every connection it tried.
    /// </summary>
    public static async Task<(string Document, string Log)> OpenAsync(string file, int width, string profile)
    {
        var netLog = Path.Combine(profile, "net.json");
        var start = new ProcessStartInfo(Program!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr", "--v=0",
            $"--user-data-dir={profile}", $"--window-size={width},1000", $"--log-net-log={netLog}",
            "--virtual-time-budget=10000", "--dump-dom", new Uri(file).AbsoluteUri,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("the browser did not start");
        var document = process.StandardOutput.ReadToEndAsync();
        var log = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (await document, await log + await File.ReadAllTextAsync(netLog));
    }
}
