using System.Net;
using Microsoft.Extensions.Logging;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Kubernetes;
using Spillway.Sandbox.Kubelets;
using Spillway.Sandbox.Time;

namespace Spillway.Sandbox.Clouds;

/// <summary>What the machines do after the launch was answered: boot, join, be warned, be taken.</summary>
public sealed partial class SimulatedClouds
{
    /// <summary>What a booting kubelet waits before it tries to join again.</summary>
    private static readonly TimeSpan JoinAgain = TimeSpan.FromSeconds(5);

    private void Begin(RentedMachine machine)
    {
        var life = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        _lives[machine.MachineId] = life;
        _running.RemoveAll(t => t.IsCompleted);
        _running.Add(LiveAsync(machine.MachineId, life.Token));
    }

    private async Task LiveAsync(string machineId, CancellationToken ended)
    {
        try
        {
            await UntilAsync(_state.Find(machineId)!.BootsAt, ended);
            await JoinAsync(_state.Find(machineId)!, ended);
            if (_state.Find(machineId)!.NoticeAt is not { } noticeAt) return;
            await UntilAsync(noticeAt, ended);
            var machine = _state.Find(machineId)!;
            Tell(machine);
            await UntilAsync(machine.TakenAt!.Value, ended);
            End(_state.Find(machineId)!);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            LogLifeEnded(_logger, machineId);
        }
    }

    private async Task JoinAsync(RentedMachine machine, CancellationToken ended)
    {
        if (Describe(machine) is not { } described)
        {
            LogOrphan(_logger, machine.MachineId, machine.Pool);
            return;
        }
        while (true)
        {
            try
            {
                await _fleet.JoinAsync(described, ended);
                return;
            }
            catch (Exception failure) when (failure is KubernetesStatusException or HttpRequestException)
            {
                LogNotJoined(_logger, machine.MachineId, failure.Message);
                await Task.Delay(JoinAgain, _time, ended);
            }
        }
    }

    /// <summary>Null for a machine whose pool has left the cluster file.</summary>
    private SimulatedMachine? Describe(RentedMachine machine)
    {
        if (_model.Cluster.FindPool(machine.Pool) is not { } pool) return null;
        var number = (uint)machine.Number + 10;
        return new SimulatedMachine
        {
            Name = machine.Claim,
            Template = NodeTemplates.ForPool(pool, machine.InstanceType, machine.Zone, machine.Purchase, _model),
            InternalIp = new IPAddress([10, (byte)(128 + (number >> 16)), (byte)(number >> 8),
                (byte)number]).ToString(),
            ProviderId = $"simulated:///{machine.Zone}/{machine.MachineId}",
            MoreLabels = new Dictionary<string, string> { ["spillway.dev/claim"] = machine.Claim },
        };
    }

    /// <summary>A scripted interruption: the pool's oldest spot machine at that time is the one that is taken.</summary>
    private async Task TakeOldestAsync(string pool, TimeSpan at, TimeSpan notice)
    {
        try
        {
            var takenAt = _state.StartedAt + at;
            if (takenAt <= _time.GetUtcNow()) return;
            await UntilAsync(takenAt - notice, _stop.Token);
            var oldest = _state.Machines.FirstOrDefault(m =>
                m is { IsRunning: true, Purchase: Core.ClusterFile.PurchaseOption.Spot, TakenAt: null }
                    && m.Pool == pool);
            if (oldest is null) return;
            oldest = oldest with { TakenAt = takenAt, NoticeAt = _time.GetUtcNow() };
            _state.Keep(oldest);
            Tell(oldest);
            await UntilAsync(takenAt, _stop.Token);
            if (_state.Find(oldest.MachineId) is { IsRunning: true } still) End(still);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            LogLifeEnded(_logger, pool);
        }
    }

    private void Tell(RentedMachine machine)
    {
        var notice = Notice(machine);
        LogInterrupted(_logger, machine.MachineId, machine.Claim, notice.EndsAt);
        foreach (var watcher in _watchers) watcher.Writer.TryWrite(notice);
    }

    private static InterruptionNotice Notice(RentedMachine machine) =>
        new(machine.MachineId, machine.TakenAt!.Value, "the cloud takes the spot capacity back");

    private void End(RentedMachine machine)
    {
        _state.Keep(machine with { EndedAt = _time.GetUtcNow() });
        _fleet.Leave(machine.Claim);
        LogEnded(_logger, machine.MachineId, machine.Claim);
        if (!_lives.Remove(machine.MachineId, out var life)) return;
        life.Cancel();
        life.Dispose();
    }

    private async Task UntilAsync(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        // A timer takes 49 days at most; a spot machine may be left alone for years.
        var longest = TimeSpan.FromDays(30);
        while (moment - _time.GetUtcNow() is var wait && wait > TimeSpan.Zero)
            await _time.WaitAtLeast(wait < longest ? wait : longest, cancellationToken);
    }

    [LoggerMessage(212, LogLevel.Debug, "{Machine} needs no more watching")]
    private static partial void LogLifeEnded(ILogger logger, string machine);

    [LoggerMessage(213, LogLevel.Warning, "Machine {Machine} belongs to pool {Pool}, which the cluster file no longer has: it does not join")]
    private static partial void LogOrphan(ILogger logger, string machine, string pool);

    [LoggerMessage(214, LogLevel.Warning, "Machine {Machine} could not join and tries again: {Why}")]
    private static partial void LogNotJoined(ILogger logger, string machine, string why);

    [LoggerMessage(215, LogLevel.Information, "Machine {Machine} ({Claim}) will be taken back at {At:u}")]
    private static partial void LogInterrupted(ILogger logger, string machine, string claim, DateTimeOffset at);

    [LoggerMessage(216, LogLevel.Information, "Machine {Machine} ({Claim}) ended")]
    private static partial void LogEnded(ILogger logger, string machine, string claim);
}
