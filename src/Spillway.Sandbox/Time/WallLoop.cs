using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Spillway.Sandbox.Time;

/// <summary>
/// A thread of its own that runs posted callbacks one after the other: at wall speed the parts of the embedded cluster
/// get what virtual time gives them by nature, so that they are written once and need no locks.
/// </summary>
internal sealed class WallLoop : SynchronizationContext, IDisposable
{
    // Bounded by the callbacks that the loop's own components have under way: each awaits a handful of things.
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    public WallLoop(string name)
    {
        _thread = new Thread(Work) { Name = name, IsBackground = true };
        _thread.Start();
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!_ready.IsAddingCompleted) _ready.Add((d, state));
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Starts the work on the loop and completes, on the caller's side, when it has ended.</summary>
    public Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        _failure?.Throw();
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(_ => Forward(work, done), null);
        return done.Task;
    }

    public Task RunAsync(Func<Task> work) => RunAsync(async () =>
    {
        await work();
        return true;
    });

    /// <summary>Ends the loop when what is posted has run. Not to be called on the loop itself.</summary>
    public void Dispose()
    {
        _ready.CompleteAdding();
        if (Environment.CurrentManagedThreadId != _thread.ManagedThreadId) _thread.Join();
        _ready.Dispose();
    }

    private static void Forward<T>(Func<Task<T>> work, TaskCompletionSource<T> done)
    {
        var task = work();
        task.ContinueWith(
            ended =>
            {
                if (ended.IsCanceled) done.TrySetCanceled();
                else if (ended.Exception is { } failure) done.TrySetException(failure.InnerExceptions);
                else done.TrySetFromTask(ended);
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Forget();
    }

    private void Work()
    {
        SetSynchronizationContext(this);
        foreach (var (callback, state) in _ready.GetConsumingEnumerable())
        {
            try
            {
                callback(state);
            }
            catch (Exception failure)
            {
                // Only a callback outside of any task gets here; whoever next asks something of the loop hears of it.
                _failure ??= ExceptionDispatchInfo.Capture(failure);
            }
        }
    }
}

internal static class TaskEnds
{
    /// <summary>Says that a continuation's own task is of no interest: it cannot fail.</summary>
    public static void Forget(this Task task) => _ = task;
}
