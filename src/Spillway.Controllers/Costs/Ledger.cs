using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;

namespace Spillway.Controllers.Costs;

/// <summary>
/// What ran where, what it cost, and every decision with its reasons. Every entry has a name of its own, so writing one
/// twice changes nothing: whoever was killed between two steps repeats them.
/// </summary>
/// <remarks>
/// Any thread may call; one call runs at a time. A call returns when its entries are in the write-ahead log, which
/// survives the end of the process at any moment.
/// </remarks>
public sealed class Ledger : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;

    private Ledger(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the ledger in a file, making it when it is missing; null keeps it in memory.</summary>
    /// <exception cref="SqliteException">The file cannot be opened, is damaged, or the disk is full.</exception>
    public static Ledger Open(string? path)
    {
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = path ?? ":memory:",
            Pooling = false,
        };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            var ledger = new Ledger(connection);
            // NORMAL writes the log on every commit and syncs it now and then: a killed process loses nothing, a
            // power cut may lose the last moments, which the cluster's own objects still know.
            ledger.Run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;");
            ledger.Run(LedgerSchema.Tables);
            return ledger;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        lock (_gate) _connection.Dispose();
    }

    /// <summary>Writes a decision once: an entry with a key that is known already is left as it is.</summary>
    /// <returns>True when it was new.</returns>
    public bool Record(DecisionEntry decision)
    {
        lock (_gate) return Insert(decision);
    }

    private bool Insert(DecisionEntry decision)
    {
        using var command = Command(LedgerSchema.InsertDecision);
        Set(command, "$key", decision.Key);
        Set(command, "$part", decision.PartOf.Length > 0 ? decision.PartOf : decision.Key);
        Set(command, "$at", decision.At.UtcTicks);
        Set(command, "$kind", decision.Kind);
        Set(command, "$pool", decision.Pool);
        Set(command, "$count", decision.Count);
        Set(command, "$pods",
            new JsonArray([.. decision.Pods.Select(pod => JsonValue.Create(pod.ToString()))]).ToJsonString());
        Set(command, "$why", decision.Why);
        Set(command, "$change", decision.WouldChange);
        Set(command, "$rejected", RejectedJson(decision.Rejected));
        return command.ExecuteNonQuery() > 0;
    }

    /// <summary>Writes what is known of nodes and pods now, all or nothing.</summary>
    public void Record(IReadOnlyCollection<NodeEntry> nodes, IReadOnlyCollection<PodEntry> pods)
    {
        if (nodes.Count == 0 && pods.Count == 0) return;
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction();
            WriteNodes(nodes, transaction);
            WritePods(pods, transaction);
            transaction.Commit();
        }
    }

    public IReadOnlyList<NodeEntry> Nodes() => Read("SELECT * FROM nodes ORDER BY launched, name", ReadNode);

    public IReadOnlyList<PodEntry> Pods() =>
        Read("SELECT * FROM pods ORDER BY submitted, namespace, name, uid", ReadPod);

    /// <summary>In the order they were taken; the parts of one decision that have the same outcome are one.</summary>
    public IReadOnlyList<DecisionEntry> Decisions()
    {
        var all = new List<DecisionEntry>();
        var places = new Dictionary<(string Part, string Kind), int>();
        foreach (var entry in Read("SELECT * FROM decisions ORDER BY seq", ReadDecision))
        {
            if (places.TryGetValue((entry.PartOf, entry.Kind), out var place))
            {
                var first = all[place];
                all[place] = first with { Count = first.Count + entry.Count, Pods = [.. first.Pods, .. entry.Pods] };
                continue;
            }

            places.Add((entry.PartOf, entry.Kind), all.Count);
            all.Add(entry);
        }

        return all;
    }

    /// <summary>Corrects a decision that came to nothing: what was written before its effect must not claim one.</summary>
    public void Retract(string key, string kind, string because)
    {
        lock (_gate)
        {
            using var command = Command(LedgerSchema.RetractDecision);
            Set(command, "$key", key);
            Set(command, "$kind", kind);
            Set(command, "$because", because);
            command.ExecuteNonQuery();
        }
    }

    /// <summary>Spent on rented nodes in the calendar day and month (UTC) of <paramref name="now"/>.</summary>
    public SpendSoFar Spend(DateTimeOffset now)
    {
        var day = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var month = day.AddDays(1 - day.Day);
        var nodes = Read(
            "SELECT * FROM nodes WHERE pool <> '' AND (removed IS NULL OR removed >= $from)",
            ReadNode,
            ("$from", month.UtcTicks));
        var (today, thisMonth) = (Money.Zero, Money.Zero);
        foreach (var node in nodes)
        {
            today += node.Cost(day, now);
            thisMonth += node.Cost(month, now);
        }

        return new SpendSoFar(today, thisMonth);
    }

    /// <summary>The whole bill up to <paramref name="now"/>.</summary>
    public CostSummary Summary(DateTimeOffset now) => CostSummary.Of(Nodes(), Pods(), now);

    private void WriteNodes(IReadOnlyCollection<NodeEntry> nodes, SqliteTransaction transaction)
    {
        using var command = Command(LedgerSchema.UpsertNode, transaction);
        foreach (var node in nodes)
        {
            command.Parameters.Clear();
            Set(command, "$id", node.Id);
            Set(command, "$name", node.Name);
            Set(command, "$pool", node.Pool);
            Set(command, "$site", node.Site);
            Set(command, "$type", node.InstanceType);
            Set(command, "$zone", node.Zone);
            Set(command, "$purchase", node.Purchase?.ToString());
            Set(command, "$price", node.Price.Amount.ToString(CultureInfo.InvariantCulture));
            Set(command, "$currency", node.Price.Currency);
            Set(command, "$minimum", node.MinimumBilling.Ticks);
            Set(command, "$launched", node.LaunchedAt.UtcTicks);
            Set(command, "$ready", node.ReadyAt?.UtcTicks);
            Set(command, "$removed", node.RemovedAt?.UtcTicks);
            Set(command, "$why", node.Why);
            command.ExecuteNonQuery();
        }
    }

    private void WritePods(IReadOnlyCollection<PodEntry> pods, SqliteTransaction transaction)
    {
        using var command = Command(LedgerSchema.UpsertPod, transaction);
        foreach (var pod in pods)
        {
            command.Parameters.Clear();
            Set(command, "$uid", pod.Uid);
            Set(command, "$namespace", pod.Key.Namespace);
            Set(command, "$name", pod.Key.Name);
            Set(command, "$node", pod.Node);
            Set(command, "$nodeId", pod.NodeId);
            Set(command, "$site", pod.Site);
            Set(command, "$pool", pod.Pool);
            Set(command, "$submitted", pod.SubmittedAt.UtcTicks);
            Set(command, "$started", pod.StartedAt?.UtcTicks);
            Set(command, "$finished", pod.FinishedAt?.UtcTicks);
            Set(command, "$phase", pod.Phase);
            Set(command, "$price", pod.Price.Amount.ToString(CultureInfo.InvariantCulture));
            Set(command, "$currency", pod.Price.Currency ?? Money.Dollars);
            Set(command, "$cloud", pod.CloudPrice?.Amount.ToString(CultureInfo.InvariantCulture));
            Set(command, "$why", pod.Why);
            command.ExecuteNonQuery();
        }
    }

    private static NodeEntry ReadNode(SqliteDataReader row) => new(
        row.GetString(0),
        row.GetString(1),
        new HourlyPrice(decimal.Parse(row.GetString(7), CultureInfo.InvariantCulture), row.GetString(8)),
        Time(row, 10)!.Value)
    {
        Pool = row.GetString(2),
        Site = row.GetString(3),
        InstanceType = row.GetString(4),
        Zone = row.GetString(5),
        Purchase = row.IsDBNull(6) ? null : Enum.Parse<PurchaseOption>(row.GetString(6)),
        MinimumBilling = new TimeSpan(row.GetInt64(9)),
        ReadyAt = Time(row, 11),
        RemovedAt = Time(row, 12),
        Why = row.GetString(13),
    };

    private static PodEntry ReadPod(SqliteDataReader row)
    {
        var currency = row.GetString(12);
        return new PodEntry(row.GetString(0), new PodKey(row.GetString(1), row.GetString(2)), Time(row, 7)!.Value)
        {
            Node = row.GetString(3),
            NodeId = row.GetString(4),
            Site = row.GetString(5),
            Pool = row.GetString(6),
            StartedAt = Time(row, 8),
            FinishedAt = Time(row, 9),
            Phase = row.GetString(10),
            Price = new HourlyPrice(decimal.Parse(row.GetString(11), CultureInfo.InvariantCulture), currency),
            CloudPrice = row.IsDBNull(13)
                ? null
                : new HourlyPrice(decimal.Parse(row.GetString(13), CultureInfo.InvariantCulture), currency),
            Why = row.GetString(14),
        };
    }

    private static DecisionEntry ReadDecision(SqliteDataReader row) =>
        new(row.GetString(1), Time(row, 3)!.Value, row.GetString(4), row.GetString(8))
        {
            PartOf = row.GetString(2),
            Pool = row.GetString(5),
            Count = row.GetInt32(6),
            Pods = [.. JsonSerializer.Deserialize<string[]>(row.GetString(7))!.Select(ToPodKey)],
            WouldChange = row.GetString(9),
            Rejected = [.. JsonNode.Parse(row.GetString(10))!.AsArray().Select(
                rejected => new RejectedPool((string)rejected!["pool"]!, (string)rejected["why"]!))],
        };

    private static string RejectedJson(IReadOnlyList<RejectedPool> rejected) => new JsonArray(
        [.. rejected.Select(one => new JsonObject { ["pool"] = one.Pool, ["why"] = one.Why })]).ToJsonString();

    private static PodKey ToPodKey(string text)
    {
        var slash = text.IndexOf('/');
        return new PodKey(text[..slash], text[(slash + 1)..]);
    }

    private static DateTimeOffset? Time(SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? null : new DateTimeOffset(row.GetInt64(column), TimeSpan.Zero);

    private List<T> Read<T>(string query, Func<SqliteDataReader, T> read,
        params (string Name, object Value)[] parameters)
    {
        lock (_gate)
        {
            using var command = Command(query);
            foreach (var (name, value) in parameters) Set(command, name, value);
            using var rows = command.ExecuteReader();
            var result = new List<T>();
            while (rows.Read()) result.Add(read(rows));
            return result;
        }
    }

    private SqliteCommand Command(string text, SqliteTransaction? transaction = null)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = transaction;
        return command;
    }

    private void Run(string text)
    {
        using var command = Command(text);
        command.ExecuteNonQuery();
    }

    private static void Set(SqliteCommand command, string name, object? value) =>
        command.Parameters.AddWithValue(name, value ?? DBNull.Value);
}
