using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>Why two machines need a third.</summary>
public enum RelayCause
{
    /// <summary>The file asks for a hub, or the tunnel knows nothing else.</summary>
    Topology,

    /// <summary>They stand at different sites, and neither can be called from outside.</summary>
    Apart,

    /// <summary>They stand at one site, and the file has the address of neither there.</summary>
    Unaddressed,
}

/// <summary>How two machines talk to each other, and why so.</summary>
/// <param name="From">The one that comes first in the file.</param>
public abstract record Way(string From, string To, string Why)
{
    /// <summary>A tunnel between the two.</summary>
    /// <param name="ToFrom">Where To calls From; null where it cannot.</param>
    /// <param name="ToTo">Where From calls To; null where it cannot.</param>
    public sealed record Direct(string From, string To, Endpoint? ToFrom, Endpoint? ToTo, bool SameSite, string Why)
        : Way(From, To, Why);

    /// <summary>Through the tunnels of a third machine.</summary>
    public sealed record Relayed(string From, string To, string Relay, RelayCause Cause, string Why)
        : Way(From, To, Why);

    /// <summary>Without a tunnel: both are in one local network, or one has its site's gateway in front of it.</summary>
    public sealed record Plain(string From, string To, string? Gateway, string Why) : Way(From, To, Why);

    /// <summary>Neither can call the other, and nothing that both can call exists.</summary>
    public sealed record None(string From, string To, string Why) : Way(From, To, Why);

    /// <summary>The same seen from one end: which machine's tunnel carries it first.</summary>
    public string Other(string end) => end == From ? To : From;
}
