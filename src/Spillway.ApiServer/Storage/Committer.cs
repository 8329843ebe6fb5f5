namespace Spillway.ApiServer.Storage;

/// <summary>
/// Group commit: one thread takes everything that waits and makes it durable in one transaction, so that the cost of a
/// disk flush is shared. Used at wall speed only.
/// </summary>
internal sealed class Committer
{
    private readonly Journal _journal;
    private readonly Action<List<Change>> _apply;
    private readonly Action<List<Change>, StorageException> _abandon;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private List<Change> _waiting = [];
    private bool _stopping;

    public Committer(Journal journal, Action<List<Change>> apply, Action<List<Change>, StorageException> abandon)
    {
        _journal = journal;
        _apply = apply;
        _abandon = abandon;
        _thread = new Thread(Run) { IsBackground = true, Name = "state committer" };
    }

    public void ThrowIfStopped()
    {
        lock (_lock)
        {
            if (_stopping) throw new StorageException("the API server is stopping and takes no more writes", null);
        }
    }

    public void Enqueue(Change change)
    {
        lock (_lock)
        {
            _waiting.Add(change);
            if (!_thread.IsAlive) _thread.Start();
        }
        _wake.Set();
    }

    public List<Change> TakeWaiting()
    {
        lock (_lock)
        {
            var taken = _waiting;
            _waiting = [];
            return taken;
        }
    }

    public Task StopAsync()
    {
        lock (_lock)
        {
            _stopping = true;
            if (!_thread.IsAlive) return Task.CompletedTask;
        }
        _wake.Set();
        return _stopped.Task;
    }

    private void Run()
    {
        while (true)
        {
            var batch = TakeWaiting();
            if (batch.Count > 0)
            {
                Commit(batch);
                continue;
            }
            lock (_lock)
            {
                if (_stopping && _waiting.Count == 0) break;
            }
            _wake.WaitOne();
        }
        _stopped.SetResult();
    }

    private void Commit(List<Change> batch)
    {
        try
        {
            _journal.Write(batch);
        }
        catch (StorageException e)
        {
            _abandon(batch, e);
            return;
        }
        _apply(batch);
    }
}
