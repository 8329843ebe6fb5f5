using Microsoft.Data.Sqlite;

namespace Spillway.ApiServer.Storage;

/// <summary>The state folder: one SQLite file in WAL mode, flushed at every commit, and a lock that names its holder.</summary>
internal sealed class Journal : IDisposable
{
    private const string FileName = "state.db";

    // SQLite's result codes for the troubles that have a plain explanation.
    private const int Full = 13, ReadOnly = 8, CannotOpen = 14, Busy = 5, Corrupt = 11, NotADatabase = 26;

    // EWOULDBLOCK of flock: another process holds the lock file.
    private const int WouldBlock = 11;

    private readonly string _folder;
    private readonly FileStream _lock;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _remove;
    private readonly SqliteCommand _version;

    private Journal(string folder, FileStream folderLock, SqliteConnection connection)
    {
        _folder = folder;
        _lock = folderLock;
        _connection = connection;
        _put = Prepare("INSERT OR REPLACE INTO objects(id, resource, key, body) VALUES ($1, $2, $3, $4)", 4);
        _remove = Prepare("DELETE FROM objects WHERE id = $1", 1);
        _version = Prepare("UPDATE sequence SET version = $1", 1);
        VersionAtOpen = ReadVersion();
    }

    public long VersionAtOpen { get; }

    public static Journal Open(string folder)
    {
        var held = TakeLock(folder);
        try
        {
            var source = new SqliteConnectionStringBuilder
            {
                DataSource = Path.Combine(folder, FileName), Pooling = false, DefaultTimeout = 1,
            };
            var connection = new SqliteConnection(source.ConnectionString);
            connection.Open();
            Execute(connection, """
                PRAGMA locking_mode = EXCLUSIVE;
                PRAGMA page_size = 4096;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA wal_autocheckpoint = 4000;
                PRAGMA cache_size = -4096;
                CREATE TABLE IF NOT EXISTS objects(
                  id INTEGER PRIMARY KEY, resource TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL);
                CREATE TABLE IF NOT EXISTS sequence(version INTEGER NOT NULL);
                INSERT INTO sequence(version) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sequence);
                """);
            return new Journal(folder, held, connection);
        }
        catch (SqliteException e)
        {
            held.Dispose();
            throw Explain(folder, e);
        }
        catch (StorageException)
        {
            held.Dispose();
            throw;
        }
    }

    public long ReadVersion()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT version FROM sequence";
        // The row is made with the file: without it the disk was full at that moment, or somebody cut the file.
        return command.ExecuteScalar() is long version
            ? version
            : throw new StorageException(
                $"the state in {_folder} is incomplete: is its disk full? Free some space, or give another folder", null);
    }

    public void ReadObjects(Action<long, string, StoredObject> each)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT id, resource, key, body FROM objects";
        try
        {
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var body = reader.GetFieldValue<byte[]>(3);
                each(reader.GetInt64(0), string.Intern(reader.GetString(1)), Revive(reader.GetString(2), body));
            }
        }
        catch (SqliteException e)
        {
            throw Explain(_folder, e);
        }
    }

    /// <summary>All changes or none, on disk when it returns.</summary>
    public void Write(List<Change> batch)
    {
        try
        {
            using var transaction = _connection.BeginTransaction();
            foreach (var change in batch) Write(change, transaction);
            _version.Transaction = transaction;
            _version.Parameters[0].Value = batch[^1].Item.Version;
            _version.ExecuteNonQuery();
            transaction.Commit();
        }
        catch (SqliteException e)
        {
            throw Explain(_folder, e);
        }
    }

    public void Dispose()
    {
        _put.Dispose();
        _remove.Dispose();
        _version.Dispose();
        _connection.Dispose();
        _lock.Dispose();
    }

    private void Write(Change change, SqliteTransaction transaction)
    {
        var command = change.IsDeletion ? _remove : _put;
        command.Transaction = transaction;
        command.Parameters[0].Value = change.Entry.RowId;
        if (!change.IsDeletion)
        {
            command.Parameters[1].Value = change.Collection.Resource;
            command.Parameters[2].Value = change.Item.Key;
            command.Parameters[3].Value = change.Item.Array;
        }
        command.ExecuteNonQuery();
    }

    private static StoredObject Revive(string key, byte[] body)
    {
        var digits =
            body.AsSpan()[(body.AsSpan().IndexOf(StoredObject.VersionMark) + StoredObject.VersionMark.Length)..];
        System.Buffers.Text.Utf8Parser.TryParse(digits, out long version, out _);
        return new StoredObject(key, version, body);
    }

    private static FileStream TakeLock(string folder)
    {
        var path = Path.Combine(folder, "lock");
        var holder = Path.Combine(folder, "holder");
        try
        {
            Directory.CreateDirectory(folder);
            var held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(holder, $"{Environment.ProcessId}\n");
            return held;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StorageException($"state folder {folder} is not writable: {e.Message}", e);
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            var who = File.Exists(holder) ? File.ReadAllText(holder).Trim() : "(unknown)";
            throw new StorageException(
                $"state folder {folder} is in use by process {who}: stop it first, or name another folder", e);
        }
        catch (IOException e)
        {
            throw new StorageException($"state folder {folder} cannot be used: {e.Message}", e);
        }
    }

    private static StorageException Explain(string folder, SqliteException e) => new(e.SqliteErrorCode switch
    {
        Full => $"the disk of state folder {folder} is full: the write was not done; free some space and repeat it",
        ReadOnly => $"state folder {folder} is read-only: the write was not done",
        CannotOpen => $"{FileName} in state folder {folder} cannot be opened: {e.Message}",
        Busy => $"{FileName} in state folder {folder} is in use by another process",
        Corrupt or NotADatabase => $"{FileName} in state folder {folder} is damaged: restore it from a copy, or remove the folder",
        _ => $"state folder {folder}: {e.Message}",
    }, e);

    private SqliteCommand Prepare(string text, int parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        for (var i = 1; i <= parameters; i++) command.Parameters.Add(new SqliteParameter { ParameterName = "$" + i });
        return command;
    }

    private static void Execute(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
