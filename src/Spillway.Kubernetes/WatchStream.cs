using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Spillway.Kubernetes;

/// <summary>An open watch: its events in order, until the server or the reader ends it.</summary>
public sealed class WatchStream(KubernetesResponse response, IAsyncEnumerable<ReadOnlyMemory<byte>> lines)
    : IAsyncDisposable
{
    /// <summary>The events; ends when the server closes. Bytes are valid until the next one is asked for.</summary>
    public async IAsyncEnumerable<WatchEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            if (line.IsEmpty) continue;
            yield return Parse(line);
        }
    }

    public ValueTask DisposeAsync() => response.DisposeAsync();

    private static WatchEvent Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            var (type, body) = ListReader.ReadEvent(line);
            return new WatchEvent(type, body);
        }
        catch (JsonException broken)
        {
            // A connection that died in the middle of a line: the same as a disconnect to the reader.
            throw new HttpRequestException("The watch ended within an event.", broken);
        }
    }
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</param>
/// <param name="Object">The object's bytes; a Status for ERROR.</param>
public readonly record struct WatchEvent(string Type, ReadOnlyMemory<byte> Object);
