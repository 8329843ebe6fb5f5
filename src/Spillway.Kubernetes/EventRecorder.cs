using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Spillway.Kubernetes;

/// <summary>What happened to an object, for people to read in <c>kubectl describe</c>.</summary>
/// <param name="Type">Normal or Warning.</param>
public sealed record EventNote(string Type, string Reason, string Message);

/// <summary>
/// Writes Events without holding up whoever tells them. The same note about the same object is counted up instead of
/// written again; an object that has too much to say is cut short (25 at once, then one in five minutes, as client-go).
/// </summary>
public sealed partial class EventRecorder(KubernetesClient client, string component, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private const int Burst = 25;
    private const int QueueBound = 1000;
    private const int Remembered = 4096;
    private static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan SameFor = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Told> _told = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly Dictionary<string, Allowance> _allowances = new(StringComparer.Ordinal);
    private readonly Channel<(Told Told, int Count, DateTimeOffset At)> _pending =
        Channel.CreateUnbounded<(Told, int, DateTimeOffset)>(new UnboundedChannelOptions { SingleReader = true });
    private Task? _writing;
    private int _queued;

    private sealed record Told(JsonObject Regarding, EventNote Note, string Name, DateTimeOffset First)
    {
        public int Count { get; set; }

        public DateTimeOffset Last { get; set; }

        public bool IsStored { get; set; }
    }

    private sealed record Allowance(double Left, DateTimeOffset At);

    /// <summary>Notes that were dropped because their object had said too much, or the server was too slow.</summary>
    public long Dropped { get; private set; }

    public void Record(KubernetesObject about, string type, string reason, string message) =>
        Record(about, new EventNote(type, reason, message));

    public void Record(KubernetesObject about, EventNote note)
    {
        var now = time.GetUtcNow();
        var subject = $"{about.Kind} {about.Key} {about.Uid}";
        lock (_gate)
        {
            if (_queued >= QueueBound || !TakeAllowance(subject, now))
            {
                Dropped++;
                return;
            }

            var told = Remember(subject, about, note, now);
            told.Count++;
            told.Last = now;
            _queued++;
            _pending.Writer.TryWrite((told, told.Count, now));
            _writing ??= WriteAllAsync();
        }
    }

    /// <summary>Writes what is still queued and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        if (_writing is not null) await _writing;
    }

    private Told Remember(string subject, KubernetesObject about, EventNote note, DateTimeOffset now)
    {
        var key = $"{subject}|{note.Type}|{note.Reason}|{note.Message}";
        if (_told.TryGetValue(key, out var known) && now - known.Last < SameFor) return known;
        // The oldest are forgotten first; one that comes back then is written anew, as client-go's does.
        while (_told.Count >= Remembered && _order.TryDequeue(out var oldest)) _told.Remove(oldest);
        _order.Enqueue(key);

        // The name is unique by the time, as client-go's; a counter parts two notes of the same instant.
        var name = $"{about.Name}.{(now.UtcTicks * 100 + _told.Count % 100).ToString("x16", CultureInfo.InvariantCulture)}";
        return _told[key] = new Told(Reference(about), note, name, now);
    }

    private bool TakeAllowance(string subject, DateTimeOffset now)
    {
        var left = (double)Burst;
        if (_allowances.TryGetValue(subject, out var held))
            left = Math.Min(Burst, held.Left + (now - held.At) / Refill);
        else if (_allowances.Count >= Remembered) _allowances.Clear();
        if (left < 1) return false;
        _allowances[subject] = new Allowance(left - 1, now);
        return true;
    }

    private async Task WriteAllAsync()
    {
        while (await _pending.Reader.WaitToReadAsync())
        {
            while (_pending.Reader.TryRead(out var next))
            {
                await WriteAsync(next.Told, next.Count, next.At);
                lock (_gate) _queued--;
            }
        }
    }

    // Events are talk: one that cannot be written is logged and forgotten, and work goes on.
    private async Task WriteAsync(Told told, int count, DateTimeOffset at)
    {
        var ns = told.Regarding.Text("namespace") is { Length: > 0 } given ? given : "default";
        var key = new ObjectKey(ns, told.Name);
        try
        {
            if (told.IsStored)
            {
                var change = new JsonObject { ["count"] = count, ["lastTimestamp"] = KubernetesJson.Timestamp(at) };
                var patch = KubernetesPatch.Merge(change);
                if (await client.PatchAsync(
                    Resources.Events, key, patch, CancellationToken.None) is WriteResult<KubernetesEvent>.Written)
                    return;
            }

            var result =
                await client.CreateAsync(Resources.Events, Build(told, key, count, at), CancellationToken.None);
            told.IsStored = result is WriteResult<KubernetesEvent>.Written;
            if (result.Refusal is { } refusal) LogLost(logger, key, refusal.Message);
        }
        catch (Exception failure) when (failure is HttpRequestException or KubernetesStatusException)
        {
            LogLost(logger, key, failure.Message);
        }
    }

    private KubernetesEvent Build(Told told, ObjectKey key, int count, DateTimeOffset at)
    {
        var written = Resources.Events.New(key);
        var json = written.Json;
        json["involvedObject"] = told.Regarding.Copied();
        json["reason"] = told.Note.Reason;
        json["message"] = told.Note.Message.Length > 1024 ? told.Note.Message[..1021] + "..." : told.Note.Message;
        json["source"] = new JsonObject { ["component"] = component };
        json["firstTimestamp"] = KubernetesJson.Timestamp(told.First);
        json["lastTimestamp"] = KubernetesJson.Timestamp(at);
        json["count"] = count;
        json["type"] = told.Note.Type;
        json["reportingComponent"] = component;
        json["reportingInstance"] = "";
        return written;
    }

    private static JsonObject Reference(KubernetesObject about)
    {
        var reference =
            new JsonObject { ["apiVersion"] = about.ApiVersion, ["kind"] = about.Kind, ["name"] = about.Name };
        if (about.Namespace.Length > 0) reference["namespace"] = about.Namespace;
        if (about.Uid.Length > 0) reference["uid"] = about.Uid;
        if (about.ResourceVersion.Length > 0) reference["resourceVersion"] = about.ResourceVersion;
        return reference;
    }

    [LoggerMessage(30, LogLevel.Debug, "event {Event} was not written: {Why}")]
    private static partial void LogLost(ILogger logger, ObjectKey @event, string why);
}
