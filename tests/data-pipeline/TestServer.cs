using System.Net;
using System.Net.Sockets;
using System.Security;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>
/// A web server on the loopback that serves a folder with range requests and ETags, at /files/ as plain HTTP and at /bucket/ with
/// the part of S3's REST API that reading needs: ListObjectsV2 (two keys a page), HeadObject and GetObject.
/// </summary>
public sealed class TestServer : IDisposable
{
    private readonly HttpListener _listener;
    private readonly string _folder;
    private int _requests;

    public TestServer(string folder)
    {
        _folder = folder;
        (_listener, Address) = Listen();
        _ = ServeAsync();
    }

    public string Address { get; }

    public int Requests => _requests;

    /// <summary>Answers the next requests with these status codes instead; 0 breaks the connection in the middle of the body.</summary>
    public Queue<int> Failures { get; } = new();

    public bool KnowsRanges { get; set; } = true;

    public bool SendsETags { get; set; } = true;

    public void Dispose() => _listener.Close();

    private static (HttpListener, string) Listen()
    {
        while (true)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            string address = $"http://localhost:{((IPEndPoint)probe.LocalEndpoint).Port}";
            probe.Stop();
            var listener = new HttpListener { Prefixes = { address + "/" } };
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException)
            {
                // Another process took the port in between.
            }
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                Answer(await _listener.GetContextAsync());
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                if (!_listener.IsListening)
                    return;
            }
        }
    }

    private void Answer(HttpListenerContext context)
    {
        Interlocked.Increment(ref _requests);
        bool dropped = false;
        if (Failures.TryDequeue(out int failure) && !(dropped = failure == 0))
        {
            Close(context, failure, []);
            return;
        }
        string path = Uri.UnescapeDataString(context.Request.Url!.AbsolutePath);
        if (context.Request.QueryString["list-type"] == "2")
        {
            Close(context, 200, ListPage(context.Request.QueryString["prefix"] ?? "", context.Request.QueryString["continuation-token"]));
            return;
        }
        var file = new FileInfo(Path.Combine(_folder, path[(path.IndexOf('/', 1) + 1)..]));
        if (!file.Exists)
        {
            Close(context, 404, []);
            return;
        }
        byte[] content = File.ReadAllBytes(file.FullName);
        if (SendsETags)
            context.Response.AddHeader("ETag", $"\"{file.LastWriteTimeUtc.Ticks:x}\"");
        int status = 200;
        if (KnowsRanges && context.Request.Headers["Range"] is { } range)
        {
            var bounds = range["bytes=".Length..].Split('-');
            int first = int.Parse(bounds[0]), last = Math.Min(int.Parse(bounds[1]), content.Length - 1);
            context.Response.AddHeader("Content-Range", $"bytes {first}-{last}/{content.Length}");
            (content, status) = (content[first..(last + 1)], 206);
        }
        if (dropped)
        {
            context.Response.StatusCode = status;
            context.Response.ContentLength64 = content.Length;
            context.Response.OutputStream.Write(content, 0, content.Length / 2);
            context.Response.Abort();
            return;
        }
        Close(context, status, content);
    }

    private static void Close(HttpListenerContext context, int status, byte[] content)
    {
        context.Response.StatusCode = status;
        context.Response.ContentLength64 = content.Length;
        if (context.Request.HttpMethod == "HEAD")
            context.Response.Close();
        else
            context.Response.Close(content, willBlock: true);
    }

    private byte[] ListPage(string prefix, string? after)
    {
        var keys = Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(_folder, file))
            .Where(key => key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(key, after ?? "") > 0)
            .Order(StringComparer.Ordinal).ToList();
        var page = keys.Take(2).ToList();
        string next = keys.Count > 2 ? $"<NextContinuationToken>{SecurityElement.Escape(page[^1])}</NextContinuationToken>" : "";
        string contents = string.Concat(page.Select(key =>
            $"<Contents><Key>{SecurityElement.Escape(key)}</Key><Size>{new FileInfo(Path.Combine(_folder, key)).Length}</Size><ETag>e</ETag></Contents>"));
        return System.Text.Encoding.UTF8.GetBytes(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + $"<Name>bucket</Name><IsTruncated>{(keys.Count > 2 ? "true" : "false")}</IsTruncated>{next}{contents}</ListBucketResult>");
    }
}
