using System.Net;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace ActorTrain.DataPipeline.Storage;

/// <summary>
/// Objects below a prefix of an S3 bucket. Credentials, region and endpoint (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL) come from the
/// usual environment variables and files of the AWS SDK.
/// </summary>
internal sealed class S3Store : IFileStore
{
    private readonly string _bucket;
    private readonly string _prefix;
    private readonly AmazonS3Client _client;
    private readonly Retry _retry;

    /// <param name="root"><c>s3://bucket/prefix</c> without a slash at its end.</param>
    /// <param name="time">The clock behind retries.</param>
    public S3Store(string root, TimeProvider time)
    {
        string place = root["s3://".Length..];
        int slash = place.IndexOf('/');
        _bucket = slash < 0 ? place : place[..slash];
        _prefix = slash < 0 ? "" : place[(slash + 1)..] + "/";
        _retry = new Retry(time);
        string? endpoint = Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_S3") ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL");
        var configuration = new AmazonS3Config
        {
            // Retry repeats requests here, on a clock that tests hold.
            MaxErrorRetry = 0,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (!string.IsNullOrEmpty(endpoint))
        {
            configuration.ServiceURL = endpoint;
            configuration.ForcePathStyle = true;
            configuration.AuthenticationRegion = Environment.GetEnvironmentVariable("AWS_REGION") ?? "us-east-1";
        }
        else if (configuration.RegionEndpoint is null)
        {
            configuration.RegionEndpoint = RegionEndpoint.USEast1;
        }
        try
        {
            _client = new AmazonS3Client(configuration);
        }
        catch (AmazonClientException error)
        {
            throw new DataException($"{root} cannot be opened ({error.Message}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.", error);
        }
    }

    public string Locate(string path) => $"s3://{_bucket}/{_prefix}{path}";

    public Task<StoredFile?> FindAsync(string path, CancellationToken cancel) => RunAsync<StoredFile?>(path, async attempt =>
    {
        try
        {
            var answer = await _client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = _bucket, Key = _prefix + path }, attempt);
            return new StoredFile(path, answer.ContentLength, answer.ETag ?? "");
        }
        catch (AmazonS3Exception error) when (error.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }, cancel);

    public async IAsyncEnumerable<StoredFile> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        string? continuation = null;
        do
        {
            var request = new ListObjectsV2Request { BucketName = _bucket, Prefix = _prefix, ContinuationToken = continuation };
            var page = await RunAsync("", attempt => _client.ListObjectsV2Async(request, attempt), cancel);
            foreach (var entry in page.S3Objects ?? [])
            {
                if (entry.Key.Length > _prefix.Length)
                    yield return new StoredFile(entry.Key[_prefix.Length..], entry.Size ?? 0, entry.ETag ?? "");
            }
            continuation = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (continuation is not null);
    }

    public async ValueTask ReadAsync(string path, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (buffer.IsEmpty)
            return;
        var request = new GetObjectRequest { BucketName = _bucket, Key = _prefix + path, ByteRange = new ByteRange(offset, offset + buffer.Length - 1) };
        await RunAsync(path, async attempt =>
        {
            using var answer = await _client.GetObjectAsync(request, attempt);
            if (answer.ContentLength != buffer.Length)
                throw new DataException($"{Locate(path)} gave {answer.ContentLength} of the {buffer.Length} bytes at offset {offset}; it has changed since it was listed.");
            await answer.ResponseStream.ReadExactlyAsync(buffer, attempt);
            return true;
        }, cancel);
    }

    public void Dispose() => _client.Dispose();

    private async Task<T> RunAsync<T>(string path, Func<CancellationToken, Task<T>> request, CancellationToken cancel)
    {
        try
        {
            return await _retry.RunAsync(Locate(path), request, cancel);
        }
        catch (Exception error) when (error is AmazonClientException or AmazonServiceException)
        {
            throw new DataException($"{Locate(path)} cannot be read ({error.Message}); check the bucket, the key and the AWS credentials.", error);
        }
    }
}
