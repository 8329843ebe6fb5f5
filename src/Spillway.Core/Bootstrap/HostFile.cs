namespace Spillway.Core.Bootstrap;

/// <summary>A file on a machine.</summary>
/// <param name="Mode">Permissions in octal: <c>0644</c>; <c>0600</c> for what holds a secret.</param>
public sealed record HostFile(string Path, string Mode, string Content);
