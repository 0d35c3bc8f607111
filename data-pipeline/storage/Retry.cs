using Amazon.Runtime;

namespace ActorTrain.DataPipeline.Storage;

/// <summary>Repeats a network request that failed for a reason that may pass: no connection, a time-out, 408, 429 or 5xx.</summary>
internal sealed class Retry(TimeProvider time)
{
    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)];

    /// <exception cref="DataException">The request still failed after the last pause; the message starts with <paramref name="place"/>.</exception>
    public async Task<T> RunAsync<T>(string place, Func<CancellationToken, Task<T>> request, CancellationToken cancel)
    {
        for (int attempt = 0; ; attempt++)
        {
            using var limit = new CancellationTokenSource(AttemptLimit, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
            try
            {
                return await request(linked.Token);
            }
            catch (Exception error) when (!cancel.IsCancellationRequested && IsTransient(error))
            {
                if (attempt == Pauses.Length)
                    throw new DataException($"{place} could not be read in {attempt + 1} attempts ({error.Message}); check the network and the server.", error);
            }
            await Task.Delay(Pauses[attempt], time, cancel);
        }
    }

    private static bool IsTransient(Exception error) => error switch
    {
        HttpRequestException { StatusCode: { } status } => IsTransient((int)status),
        AmazonServiceException { StatusCode: not 0 } answer => IsTransient((int)answer.StatusCode),
        // An AmazonClientException without a connection behind it is a missing credential or a wrong setting.
        AmazonClientException { InnerException: not (HttpRequestException or IOException or OperationCanceledException) } => false,
        HttpRequestException or IOException or OperationCanceledException or AmazonClientException => true,
        _ => false,
    };

    private static bool IsTransient(int status) => status is 408 or 429 or >= 500;
}
