using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace ActorTrain.DataPipeline.Storage;

/// <summary>
/// Files below a URL, read by range requests (RFC 9110, section 14). HTTP knows no listing, so a folder needs one beside its
/// files: <c>files.tsv</c>, a line "size, tab, path" per file, as made by <c>find . -type f -printf '%s\t%P\n' &gt; files.tsv</c>.
/// </summary>
internal sealed class HttpStore(string root, TimeProvider time) : IFileStore
{
    private const string ListingName = "files.tsv";

    private readonly HttpClient _client = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        // Every attempt has its own limit, see Retry.
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly Retry _retry = new(time);

    public string Locate(string path) => $"{root}/{path}";

    public Task<StoredFile?> FindAsync(string path, CancellationToken cancel) => _retry.RunAsync<StoredFile?>(Locate(path), async attempt =>
    {
        // The first byte instead of HEAD: the answer also tells whether the server knows ranges.
        using var answer = await RequestAsync(path, new RangeHeaderValue(0, 0), attempt);
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            return null;
        string version = answer.Headers.ETag?.ToString() ?? answer.Content.Headers.LastModified?.ToString("O") ?? "";
        if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            return new StoredFile(path, 0, version);
        CheckStatus(answer, path);
        return answer.Content.Headers.ContentRange?.Length is { } length && answer.StatusCode == HttpStatusCode.PartialContent
            ? new StoredFile(path, length, version)
            : throw new DataException($"the server of {Locate(path)} does not answer range requests; serve it from one that does or copy the file here.");
    }, cancel);

    public async IAsyncEnumerable<StoredFile> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        string listing = await _retry.RunAsync(Locate(ListingName), async attempt =>
        {
            using var answer = await RequestAsync(ListingName, range: null, attempt);
            if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
                throw new DataException(
                    $"{Locate(ListingName)} does not exist; make it in that folder with: find . -type f -printf '%s\\t%P\\n' > {ListingName}");
            CheckStatus(answer, ListingName);
            return await answer.Content.ReadAsStringAsync(attempt);
        }, cancel);
        int number = 0;
        using var lines = new StringReader(listing);
        while (lines.ReadLine() is { } line)
        {
            number++;
            int tab = line.IndexOf('\t');
            if (tab < 0 || !long.TryParse(line.AsSpan(0, tab), NumberStyles.None, CultureInfo.InvariantCulture, out long length))
                throw new DataException($"{Locate(ListingName)}, line {number} is not \"size, tab, path\"; make the list anew.");
            yield return new StoredFile(line[(tab + 1)..], length, "");
        }
    }

    public async ValueTask ReadAsync(string path, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (buffer.IsEmpty)
            return;
        await _retry.RunAsync(Locate(path), async attempt =>
        {
            using var answer = await RequestAsync(path, new RangeHeaderValue(offset, offset + buffer.Length - 1), attempt);
            CheckStatus(answer, path);
            bool whole = answer.StatusCode == HttpStatusCode.OK && offset == 0;
            bool part = answer.StatusCode == HttpStatusCode.PartialContent && answer.Content.Headers.ContentRange?.From == offset;
            if (answer.Content.Headers.ContentLength is { } length && length != buffer.Length || !(whole || part))
                throw new DataException($"{Locate(path)} did not give the {buffer.Length} bytes at offset {offset}; it has changed since it was listed, or its server does not answer range requests.");
            await using var content = await answer.Content.ReadAsStreamAsync(attempt);
            await content.ReadExactlyAsync(buffer, attempt);
            return true;
        }, cancel);
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> RequestAsync(string path, RangeHeaderValue? range, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{root}/{EscapePath(path)}");
        request.Headers.Range = range;
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    /// <summary>File names may hold any character; the query of a signed URL stays as it is.</summary>
    private static string EscapePath(string path)
    {
        string name = FileNames.WithoutQuery(path);
        return string.Join('/', name.Split('/').Select(Uri.EscapeDataString)) + path[name.Length..];
    }

    private void CheckStatus(HttpResponseMessage answer, string path)
    {
        if (answer.IsSuccessStatusCode)
            return;
        if ((int)answer.StatusCode is 408 or 429 or >= 500)
            throw new HttpRequestException($"HTTP {(int)answer.StatusCode}", null, answer.StatusCode);
        throw new DataException($"{Locate(path)} is answered with HTTP {(int)answer.StatusCode} ({answer.ReasonPhrase}); check the address and the access rights.");
    }
}
