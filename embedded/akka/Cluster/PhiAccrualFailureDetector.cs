namespace Akka.Remote;

/// <summary>
/// Suspects a peer once its silence is improbable after the heartbeats before it: phi is -log10 of the probability that a heartbeat comes
/// later than now, for intervals spread normally.
/// </summary>
internal sealed class PhiAccrualFailureDetector
{
    private readonly TimeProvider _time;
    private readonly double _threshold;
    private readonly int _maximumSamples;
    private readonly double _minimumDeviation;
    private readonly double _acceptablePause;
    private readonly Queue<double> _intervals = new();
    private double _sum;
    private double _sumOfSquares;
    private long? _lastHeartbeat;

    /// <param name="config">The section: threshold, max-sample-size, min-std-deviation, acceptable-heartbeat-pause, heartbeat-interval.</param>
    /// <param name="time">The clock.</param>
    public PhiAccrualFailureDetector(Configuration.Config config, TimeProvider time)
    {
        _time = time;
        _threshold = config.GetDouble("threshold");
        _maximumSamples = config.GetInt("max-sample-size");
        _minimumDeviation = config.GetTimeSpan("min-std-deviation").TotalMilliseconds;
        _acceptablePause = config.GetTimeSpan("acceptable-heartbeat-pause").TotalMilliseconds;
        // Before there is any interval: around the one that is meant, with a wide spread.
        var expected = config.GetTimeSpan("heartbeat-interval").TotalMilliseconds;
        Add(expected * 0.75);
        Add(expected * 1.25);
    }

    public bool IsMonitoring => _lastHeartbeat != null;

    public bool IsAvailable => Phi < _threshold;

    public double Phi
    {
        get
        {
            if (_lastHeartbeat is not { } last)
                return 0;
            var mean = _sum / _intervals.Count;
            var deviation = Math.Max(Math.Sqrt(Math.Max(0, (_sumOfSquares / _intervals.Count) - (mean * mean))), _minimumDeviation);
            var elapsed = _time.GetElapsedTime(last).TotalMilliseconds;
            // A logistic approximation of the normal distribution's tail, exact to 1.4e-4.
            var y = (elapsed - mean - _acceptablePause) / deviation;
            var e = Math.Exp(-y * (1.5976 + (0.070566 * y * y)));
            return y > 0 ? -Math.Log10(e / (1 + e)) : -Math.Log10(1 - (1 / (1 + e)));
        }
    }

    public void Heartbeat()
    {
        // The pause of an outage says nothing about the usual interval.
        if (_lastHeartbeat is { } last && IsAvailable)
            Add(_time.GetElapsedTime(last).TotalMilliseconds);
        _lastHeartbeat = _time.GetTimestamp();
    }

    private void Add(double interval)
    {
        _intervals.Enqueue(interval);
        _sum += interval;
        _sumOfSquares += interval * interval;
        if (_intervals.Count <= _maximumSamples)
            return;
        var oldest = _intervals.Dequeue();
        _sum -= oldest;
        _sumOfSquares -= oldest * oldest;
    }
}
