using System.Text;

namespace Spillway.Core.Bootstrap;

/// <summary>A machine's steps as text: for reading, and as a script for those who run them by hand.</summary>
public static class NodeScript
{
    private const string Preamble = """
        set -euo pipefail
        umask 022
        trap 'echo "failed in line $LINENO: run it again once mended" >&2' ERR

        # usage: put MODE PATH <content; leaves changed=1 behind when it wrote
        put() {
          local new
          install -d "$(dirname "$2")"
          new=$(mktemp "$2.XXXXXX")
          cat > "$new"
          chmod "$1" "$new"
          if cmp -s "$new" "$2" && [ "$(stat -c %a "$new")" = "$(stat -c %a "$2")" ]; then
            rm -f "$new"
            return
          fi
          mv "$new" "$2"
          changed=1
        }

        """;

    /// <summary>The steps as a plan shows them: reason, check, files, command, undo.</summary>
    public static string Print(IReadOnlyList<BootstrapStep> steps)
    {
        var text = new StringBuilder();
        for (var i = 0; i < steps.Count; i++)
        {
            var step = steps[i];
            text.Append($"{i + 1}. {step.Name}{(step.Place == StepPlace.ControlPlane ? " (on the control plane)" : "")}\n");
            text.Append($"   because {step.Why}\n");
            Block(text, "unless", step.Check);
            foreach (var file in step.Files)
                Block(text, $"file {file.Path} {file.Mode}", file.Content.TrimEnd('\n'));
            Block(text, "run", step.Run);
            Block(text, "undo", step.Undo);
        }

        return text.ToString();
    }

    /// <summary>
    /// A script that does what is not done yet and stops at the first failure; run it again to go on. Steps for the
    /// control plane are left to be run there: their commands stand in it as comments.
    /// </summary>
    public static string Bash(string machine, IReadOnlyList<BootstrapStep> steps)
    {
        var text = new StringBuilder($"#!/bin/bash\n# Makes {machine} a node. Written by spillway; safe to run again.\n");
        text.Append(Preamble.ReplaceLineEndings("\n"));
        foreach (var step in steps)
            Append(text, step);
        return text.ToString();
    }

    /// <summary>User-data that brings the script and runs it once. It holds no secret: tickets come another way.</summary>
    public static string CloudInit(string machine, IReadOnlyList<BootstrapStep> steps)
    {
        const string path = "/opt/spillway/bootstrap.sh";
        var text = new StringBuilder("#cloud-config\nwrite_files:\n");
        text.Append($"  - path: {path}\n    permissions: \"0755\"\n    owner: root:root\n    content: |\n");
        foreach (var line in Bash(machine, steps).TrimEnd('\n').Split('\n'))
            text.Append(line.Length == 0 ? "\n" : $"      {line}\n");
        return text.Append($"runcmd:\n  - [bash, {path}]\n").ToString();
    }

    private static void Append(StringBuilder text, BootstrapStep step)
    {
        text.Append($"\n### {step.Name}: {OneLine(step.Why)}\n");
        if (step.Place == StepPlace.ControlPlane)
        {
            text.Append("# on the control plane:\n");
            foreach (var line in step.Run.Split('\n'))
                text.Append($"#   {line}\n");
            return;
        }

        text.Append("changed=0\n");
        foreach (var file in step.Files)
            text.Append($"put {file.Mode} {Shell.Quote(file.Path)} {Shell.HereDocument(file.Content)}\n");
        var check = step.Check.Length == 0 ? "true" : $"bash -c {Shell.Force(step.Check)}";
        text.Append($"if [ \"$changed\" = 0 ] && {check}; then\n  echo {Shell.Quote($"{step.Name}: as it is to be")}\nelse\n");
        text.Append($"  echo {Shell.Quote($"{step.Name}: {OneLine(step.Why)}")}\n");
        if (step.Run.Length > 0)
            text.Append($"  bash -euo pipefail -s {Shell.HereDocument(step.Run)}\n");
        text.Append("fi\n");
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private static void Block(StringBuilder text, string title, string content)
    {
        if (content.Length == 0)
            return;
        text.Append($"   {title}\n");
        foreach (var line in content.Split('\n'))
            text.Append(line.Length == 0 ? "\n" : $"     {line}\n");
    }
}
