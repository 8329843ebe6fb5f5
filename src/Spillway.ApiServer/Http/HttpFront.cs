using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Spillway.ApiServer.Auth;

namespace Spillway.ApiServer.Http;

/// <summary>The server on a socket: HTTPS with HTTP/1.1 and HTTP/2, client certificates asked for but not demanded.</summary>
public sealed class HttpFront : IAsyncDisposable
{
    // As the real server's bound on a request's body.
    private const int BodyLimit = 3 * 1024 * 1024;

    private readonly WebApplication _app;
    private readonly KubeApiServer _server;
    private readonly CancellationTokenSource _stopping = new();

    private HttpFront(KubeApiServer server, WebApplication app)
    {
        _server = server;
        _app = app;
    }

    /// <summary>Where it listens, such as <c>https://127.0.0.1:6443</c>.</summary>
    public Uri Address { get; private set; } = new("https://localhost");

    /// <summary>Starts listening. A taken port is an <see cref="IOException"/> that says so; port 0 takes a free one.</summary>
    public static async Task<HttpFront> StartAsync(
        KubeApiServer server, IPEndPoint listen, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => Configure(options, server.Pki, listen));
        builder.Services.AddSingleton<IHostLifetime, OwnersLifetime>();
        var app = builder.Build();
        var front = new HttpFront(server, app);
        app.Run(front.HandleAsync);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await app.DisposeAsync();
            throw new IOException($"{listen} cannot be listened on: {e.Message} Choose another address or port, or 0 for a free one.", e);
        }
        var bound =
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        front.Address = new Uri(bound);
        server.PublicAddress = front.Address.Authority;
        return front;
    }

    /// <summary>Ends the watches, lets other requests finish, and closes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private static void Configure(KestrelServerOptions options, Pki pki, IPEndPoint listen)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = BodyLimit;
        options.Limits.MaxRequestLineSize = 64 * 1024;
        options.Limits.MaxRequestHeadersTotalSize = 128 * 1024;
        // Watches say nothing for long, and uploads may be slow: the client's own time-outs decide.
        options.Limits.MinResponseDataRate = null;
        options.Limits.Http2.MaxStreamsPerConnection = 1000;
        options.Listen(listen, endpoint => endpoint.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = pki.Serving(listen.Address),
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            // Whether it is one of ours is the authenticator's question: a strange one gets 401, not a broken handshake.
            ClientCertificateValidation = (_, _, _) => true,
        }));
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            var body = await ReadBodyAsync(context.Request, context.RequestAborted);
            var response = await _server.HandleAsync(Translate(context, body), context.RequestAborted);
            await WriteAsync(context, response, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client went away, or the server stops: nobody waits for the rest.
            if (context.Response.HasStarted && !_stopping.IsCancellationRequested) context.Abort();
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            var failure = e.StatusCode == 413
                ? new ApiFailure(
                    413, "RequestEntityTooLarge", $"Request entity too large: limit is {BodyLimit}") { Details = [] }
                : ApiFailure.BadRequest(e.Message);
            if (!context.Response.HasStarted)
                await WriteAsync(context, ApiResponse.Of(failure), context.RequestAborted);
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength == 0 || (request.ContentLength is null && !HasBody(request))) return default;
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static bool HasBody(HttpRequest request) =>
        request.HttpContext.Features
            .Get<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;

    private static ApiRequest Translate(HttpContext context, ReadOnlyMemory<byte> body)
    {
        var request = context.Request;
        var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        var query = target.IndexOf('?');
        return new ApiRequest
        {
            Method = request.Method,
            Path = query < 0 ? target : target[..query],
            Query = query < 0 ? Query.Empty : Query.Parse(target.AsSpan(query)),
            Header = name => request.Headers.TryGetValue(name, out var value) ? value.ToString() : null,
            HeaderValues = name =>
                request.Headers.TryGetValue(name, out var value) ? [.. value.Select(v => v ?? "")] : [],
            HeaderNames = new LazyNames(request.Headers),
            Body = body,
            ClientCertificate = context.Connection.ClientCertificate,
            Host = request.Host.Value ?? "",
        };
    }

    private static async Task WriteAsync(HttpContext context, ApiResponse response, CancellationToken cancellationToken)
    {
        var answer = context.Response;
        answer.StatusCode = response.Status;
        if (response.ContentType.Length > 0 && response.Status != 304) answer.ContentType = response.ContentType;
        if (response.CacheControl.Length > 0) answer.Headers.CacheControl = response.CacheControl;
        foreach (var (name, value) in response.Headers) answer.Headers.Append(name, value);
        if (response.Lines is { } lines)
        {
            await StreamAsync(answer, lines, response.HasLineEnds, cancellationToken);
            return;
        }
        if (response.Status == 304) return;
        answer.ContentLength = response.BodyLength;
        if (context.Request.Method == "HEAD") return;
        foreach (var piece in response.Body)
        {
            answer.BodyWriter.Write(piece.Span);
            // Large lists go out while they are written instead of piling up.
            if (answer.BodyWriter.UnflushedBytes > 256 * 1024) await answer.BodyWriter.FlushAsync(cancellationToken);
        }
        await answer.BodyWriter.FlushAsync(cancellationToken);
    }

    private static async Task StreamAsync(
        HttpResponse answer, IAsyncEnumerable<ReadOnlyMemory<byte>> lines, bool hasLineEnds,
            CancellationToken cancellationToken)
    {
        // The head goes out at once: clients take a watch for established when they see it.
        await answer.StartAsync(cancellationToken);
        await answer.BodyWriter.FlushAsync(cancellationToken);
        await using var each = lines.GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            var next = each.MoveNextAsync();
            // Whatever is there already shares a packet; before waiting, it is sent.
            if (!next.IsCompleted || answer.BodyWriter.UnflushedBytes > 256 * 1024)
                await answer.BodyWriter.FlushAsync(cancellationToken);
            if (!await next) break;
            answer.BodyWriter.Write(each.Current.Span);
            if (hasLineEnds) answer.BodyWriter.Write("\n"u8);
        }
        await answer.BodyWriter.FlushAsync(cancellationToken);
    }

    /// <summary>Signals are the program's business: without this the web host would take Ctrl-C for itself.</summary>
    private sealed class OwnersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Header names, looked at only by impersonated requests.</summary>
    private sealed class LazyNames(IHeaderDictionary headers) : IReadOnlyList<string>
    {
        public int Count => headers.Count;

        public string this[int index] => headers.Keys.ElementAt(index);

        public IEnumerator<string> GetEnumerator() => headers.Keys.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
