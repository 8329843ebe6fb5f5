using System.Net;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>Where others can call a machine, as far as the cluster file says. Nothing known: it can only call out.</summary>
/// <param name="Public">From anywhere: a public address, a name of the public DNS, or a forwarded port.</param>
/// <param name="Local">From machines of its own site.</param>
public sealed record Reach(Endpoint? Public, Endpoint? Local)
{
    private static readonly string[] LocalDomains =
        [".local", ".lan", ".internal", ".home", ".home.arpa", ".localdomain"];

    /// <summary>What a machine of the same site calls; the public address is good there too.</summary>
    public Endpoint? InSite => Local ?? Public;

    /// <param name="port">The tunnel's port, where the address names none.</param>
    public static Reach Of(Machine machine, int port)
    {
        var said = machine.Address;
        var local = said is not null && IsLocal(said.Host) ? said : SshAddress(machine);
        var outside = said is not null && !IsLocal(said.Host) ? said : null;
        // A port in the address is one that a router forwards: inside the site the tunnel's own port counts.
        return new Reach(
            outside is null ? null : outside with { Port = outside.Port ?? port },
            local is null ? null : local with { Port = local == said ? said.Port ?? port : port });
    }

    // The file's ssh: ubuntu@192.168.1.20 says where the machine is in its site, though not to the outside.
    private static Endpoint? SshAddress(Machine machine) =>
        machine.Ssh is { } ssh && Cidr.TryParseAddress(ssh.Host, out var address)
            && Cidr.IsPrivateAddress(address) && !IPAddress.IsLoopback(address)
            ? new Endpoint(ssh.Host, null)
            : null;

    private static bool IsLocal(string host) => Cidr.TryParseAddress(host, out var address)
        ? Cidr.IsPrivateAddress(address)
        : !host.Contains('.') || LocalDomains.Any(domain => host.EndsWith(domain, StringComparison.OrdinalIgnoreCase));
}
