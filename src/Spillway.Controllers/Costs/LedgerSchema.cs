namespace Spillway.Controllers.Costs;

/// <summary>The ledger's tables. Times are UTC ticks, prices decimal text: sums of money are never floating point.</summary>
internal static class LedgerSchema
{
    public const string Tables = """
        CREATE TABLE IF NOT EXISTS nodes (
          id TEXT PRIMARY KEY, name TEXT NOT NULL, pool TEXT NOT NULL, site TEXT NOT NULL, type TEXT NOT NULL,
          zone TEXT NOT NULL, purchase TEXT, price TEXT NOT NULL, currency TEXT NOT NULL, minimum INTEGER NOT NULL,
          launched INTEGER NOT NULL, ready INTEGER, removed INTEGER, why TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS pods (
          uid TEXT PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, node TEXT NOT NULL, nodeId TEXT NOT NULL,
          site TEXT NOT NULL, pool TEXT NOT NULL, submitted INTEGER NOT NULL, started INTEGER, finished INTEGER,
          phase TEXT NOT NULL, price TEXT NOT NULL, currency TEXT NOT NULL, cloud TEXT,
          why TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS decisions (
          seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, part TEXT NOT NULL,
          at INTEGER NOT NULL, kind TEXT NOT NULL,
          pool TEXT NOT NULL, count INTEGER NOT NULL, pods TEXT NOT NULL, why TEXT NOT NULL, change TEXT NOT NULL,
          rejected TEXT NOT NULL);
        """;

    public const string InsertDecision = """
        INSERT INTO decisions (key, part, at, kind, pool, count, pods, why, change, rejected)
        VALUES ($key, $part, $at, $kind, $pool, $count, $pods, $why, $change, $rejected) ON CONFLICT (key) DO NOTHING
        """;

    public const string RetractDecision = """
        UPDATE decisions SET kind = $kind, why = why || '; ' || $because WHERE key = $key AND kind <> $kind
        """;

    // A time that was once written stays: what an older or poorer observation lacks is not unlearned.
    public const string UpsertNode = """
        INSERT INTO nodes VALUES ($id, $name, $pool, $site, $type, $zone, $purchase, $price, $currency, $minimum,
          $launched, $ready, $removed, $why)
        ON CONFLICT (id) DO UPDATE SET ready = coalesce(nodes.ready, excluded.ready),
          removed = coalesce(nodes.removed, excluded.removed), why = excluded.why
        """;

    // An observation without a node's id (pending, or its node is gone since) must not unlearn where the pod ran.
    public const string UpsertPod = """
        INSERT INTO pods VALUES ($uid, $namespace, $name, $node, $nodeId, $site, $pool, $submitted, $started, $finished,
          $phase, $price, $currency, $cloud, $why)
        ON CONFLICT (uid) DO UPDATE SET
          node = CASE WHEN excluded.node = '' THEN pods.node ELSE excluded.node END,
          nodeId = CASE WHEN excluded.nodeId = '' THEN pods.nodeId ELSE excluded.nodeId END,
          site = CASE WHEN excluded.nodeId = '' THEN pods.site ELSE excluded.site END,
          pool = CASE WHEN excluded.nodeId = '' THEN pods.pool ELSE excluded.pool END,
          price = CASE WHEN excluded.nodeId = '' THEN pods.price ELSE excluded.price END,
          currency = CASE WHEN excluded.nodeId = '' THEN pods.currency ELSE excluded.currency END,
          started = coalesce(pods.started, excluded.started), finished = coalesce(pods.finished, excluded.finished),
          phase = excluded.phase, cloud = coalesce(excluded.cloud, pods.cloud),
          why = CASE WHEN excluded.why = '' OR (excluded.nodeId = '' AND pods.nodeId <> '') THEN pods.why
            ELSE excluded.why END
        """;
}
