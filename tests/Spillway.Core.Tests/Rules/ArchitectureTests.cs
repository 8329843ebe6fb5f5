using System.Xml.Linq;

namespace Spillway.Core.Tests.Rules;

/// <summary>The arrows of docs/architecture.md, held against the project files.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Spillway.Core"] = [],
        ["Spillway.Kubernetes"] = [],
        ["Spillway.ApiServer"] = ["Spillway.Kubernetes"],
        ["Spillway.Sandbox"] = ["Spillway.ApiServer", "Spillway.Kubernetes", "Spillway.Core"],
        ["Spillway.Machines"] = ["Spillway.Core", "Spillway.Kubernetes"],
        ["Spillway.Controllers"] = ["Spillway.Core", "Spillway.Kubernetes"],
        ["Spillway.Node"] = ["Spillway.Core"],
        ["Spillway.Server"] =
            ["Spillway.Controllers", "Spillway.Machines", "Spillway.Sandbox", "Spillway.Kubernetes", "Spillway.Core"],
        ["Spillway.Cli"] =
        [
            "Spillway.Core", "Spillway.Kubernetes", "Spillway.ApiServer", "Spillway.Sandbox", "Spillway.Machines",
            "Spillway.Controllers", "Spillway.Node", "Spillway.Server",
        ],
    };

    [Fact]
    public void Projects_use_only_what_the_arrows_allow()
    {
        foreach (var file in Projects("src"))
        {
            var project = Path.GetFileNameWithoutExtension(file);

            Allowed.ShouldContainKey(project, $"{project} is not on the list of projects");
            References(file).Except(Allowed[project]).ShouldBeEmpty($"{project} may not use these");
        }
    }

    [Fact]
    public void There_are_at_most_twelve_projects()
    {
        (Projects("src").Count() + Projects("tests").Count()).ShouldBeLessThanOrEqualTo(12);
    }

    [Fact]
    public void Core_uses_no_logging_no_clock_and_no_input_or_output()
    {
        string[] banned =
        [
            "Microsoft.Extensions", "System.Net.Http", "System.Net.Sockets", "System.Diagnostics.Process",
            "TimeProvider", "Console.",
        ];
        var core = Repository.SourceFiles().Where(file => Repository.Relative(file).StartsWith("src/Spillway.Core/"));

        foreach (var file in core)
        {
            var code = string.Join('\n', File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//")));
            banned.Where(word => code.Contains(word)).ShouldBeEmpty(Repository.Relative(file));
        }
    }

    private static IEnumerable<string> Projects(string folder) => Directory.EnumerateFiles(
        Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories);

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
}
