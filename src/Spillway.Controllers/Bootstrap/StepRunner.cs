using System.Globalization;
using System.Text;
using Spillway.Core.Ports;

namespace Spillway.Controllers.Bootstrap;

/// <summary>One line of progress of one machine.</summary>
public sealed record StepProgress(string Host, string Text);

/// <summary>
/// Brings a machine through its steps: look, act, look again. Nothing is remembered between runs but what the machine
/// shows, so a run that was killed, cut off or surprised by a reboot is gone on with by running it again.
/// </summary>
public sealed class StepRunner(RunJournal journal, TimeProvider time, Action<StepProgress> progress)
{
    /// <summary>A reboot takes a minute or two on real machines with their memory tests.</summary>
    public static readonly TimeSpan BackAfter = TimeSpan.FromMinutes(5);

    private const int CutsPerStep = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    /// <param name="about">The machine that the steps are about, where it is another than the one they run on.</param>
    /// <param name="secrets">Values that commands of these steps carry, to be kept out of everything that is said.</param>
    public async Task<HostOutcome> RunAsync(
        IHost host, IReadOnlyList<HostStep> steps, IReadOnlyList<string> secrets, CancellationToken cancellationToken,
        string? about = null)
    {
        var name = about ?? host.Name;
        var changed = new List<string>();
        var cuts = 0;
        var from = 0;
        while (true)
        {
            var (next, why) = await FirstToDoAsync(host, steps, from, cancellationToken);
            if (why is not null)
            {
                if (++cuts > CutsPerStep || !await IsBackAsync(host, name, why, cancellationToken))
                    return Fail(name, steps[from], why, secrets);
                continue;
            }

            if (next == steps.Count)
                return new HostOutcome.Done(name, changed);
            var step = steps[next];
            if (next > from)
                cuts = 0;
            var answer = await TakeAsync(host, name, step, cancellationToken);
            if (answer is HostAnswer.Cut cut)
            {
                if (++cuts > CutsPerStep || !await IsBackAsync(host, name, cut.Why, cancellationToken))
                    return Fail(name, step, cut.Why, secrets);
                from = next;
                continue;
            }

            if (!answer.Succeeded)
                return Fail(name, step, Explain(answer), secrets);
            if (step.Act is not null)
                changed.Add(step.Name);
            journal.Write(name, step.Name, JournalMark.Done);
            from = next + 1;
        }
    }

    /// <summary>Whether all of it is so, by one look.</summary>
    public static async Task<bool> HoldAsync(
        IHost host, IReadOnlyList<HostStep> steps, CancellationToken cancellationToken) =>
        (await FirstToDoAsync(host, steps, 0, cancellationToken)).Next == steps.Count;

    /// <summary>Waits until what a killed run had started on the machine has come to its end.</summary>
    public static Task<HostAnswer> WaitForOthersAsync(IHost host, CancellationToken cancellationToken) =>
        host.RunAsync(new HostCommand($"flock -w 600 {HostCommand.LockPath} true")
        {
            Timeout = TimeSpan.FromMinutes(11),
        }, cancellationToken);

    /// <summary>Takes steps back, the last first. Goes on after a failure, so that as much as possible is taken back.</summary>
    public async Task<HostOutcome> UndoAsync(
        IHost host, IReadOnlyList<HostStep> steps, CancellationToken cancellationToken)
    {
        HostOutcome.Failed? failed = null;
        var undone = new List<string>();
        foreach (var step in steps.Reverse().Where(step => step.Undo is not null))
        {
            progress(new StepProgress(host.Name, $"taking back: {step.Name}"));
            var answer = await host.RunAsync(step.Undo!, cancellationToken);
            if (answer.Succeeded)
            {
                journal.Write(host.Name, step.Name, JournalMark.Undone);
                undone.Add(step.Name);
                continue;
            }

            failed ??= Fail(host.Name, step, Explain(answer), []);
            if (answer is HostAnswer.Cut)
                return failed;
        }

        return failed ?? (HostOutcome)new HostOutcome.Done(host.Name, undone);
    }

    // All checks in one go: a second run of a hundred steps is one round trip.
    private static async Task<(int Next, string? Why)> FirstToDoAsync(
        IHost host, IReadOnlyList<HostStep> steps, int from, CancellationToken cancellationToken)
    {
        if (from == steps.Count)
            return (from, null);
        var script = new StringBuilder();
        for (var i = from; i < steps.Count; i++)
        {
            script.Append("if (\n").Append(steps[i].Check)
                .Append(CultureInfo.InvariantCulture, $"\n) </dev/null >/dev/null 2>&1; then :; else echo {i}; exit 0; fi\n");
        }

        script.Append(CultureInfo.InvariantCulture, $"echo {steps.Count}\n");
        var answer = await host.RunAsync(new HostCommand(script.ToString()), cancellationToken);
        return answer is HostAnswer.Done { ExitCode: 0 } done
            && int.TryParse(done.Output.Trim(), CultureInfo.InvariantCulture, out var next)
            ? (next, null)
            : (from, answer is HostAnswer.Done ? $"the checks cannot be run: {Explain(answer)}" : answer.Complaint);
    }

    private async Task<HostAnswer> TakeAsync(
        IHost host, string name, HostStep step, CancellationToken cancellationToken)
    {
        progress(new StepProgress(name, step.Act is null ? $"waiting: {step.Name}" : step.Name));
        // Written before it happens: whoever reads the journal after a kill knows what may be half done.
        journal.Write(name, step.Name, JournalMark.Begun);
        if (step.Act is not null)
        {
            var acted = await host.RunAsync(step.Act, cancellationToken);
            if (!acted.Succeeded)
                return acted;
        }

        var until = time.GetUtcNow() + step.Patience;
        while (true)
        {
            var check = await host.RunAsync(new HostCommand(step.Check), cancellationToken);
            if (check.Succeeded || check is HostAnswer.Cut || time.GetUtcNow() >= until)
                return check is HostAnswer.Done { ExitCode: not 0 } done ? NotSo(step, done) : check;
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private static HostAnswer.Done NotSo(HostStep step, HostAnswer.Done done) => done with
    {
        Error = (step.Act is null ? "it did not come about" : "it was done, and the check still fails")
            + (done.Error.Trim() is { Length: > 0 } said ? $": {said}" : ""),
    };

    private async Task<bool> IsBackAsync(
        IHost host, string name, string why, CancellationToken cancellationToken)
    {
        progress(new StepProgress(name, $"the line was cut ({why}); trying again"));
        var until = time.GetUtcNow() + BackAfter;
        while (time.GetUtcNow() < until)
        {
            if ((await host.RunAsync(new HostCommand("true"), cancellationToken)).Succeeded)
                return true;
            await Task.Delay(Pause, time, cancellationToken);
        }

        return false;
    }

    private HostOutcome.Failed Fail(string name, HostStep step, string why, IReadOnlyList<string> secrets)
    {
        var said = Redaction.Of(why, secrets);
        journal.Write(name, step.Name, JournalMark.Failed, said);
        return new HostOutcome.Failed(name, step.Name, said);
    }

    // The last lines of what a command said: package managers bury the reason under pages.
    private static string Explain(HostAnswer answer)
    {
        if (answer is not HostAnswer.Done done)
            return answer.Complaint;
        var lines = $"{done.Output}\n{done.Error}"
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return $"exit code {done.ExitCode}: {string.Join("; ", lines.TakeLast(4))}";
    }
}
