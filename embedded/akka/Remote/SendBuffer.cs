using System.Buffers;
using System.Buffers.Binary;

namespace Akka.Remote;

/// <summary>
/// Frames that wait to be sent, in segments that are used again: [length][bytes] one behind the other. A frame that fails, or gets longer than
/// is allowed, leaves no trace; what is written beyond the limit is counted but not kept. The owner of the buffer sees to it that one thread
/// at a time uses it.
/// </summary>
internal sealed class SendBuffer(int maximumFrame, SegmentPool pool) : IBufferWriter<byte>
{
    private List<Segment> _segments = [];
    private byte[] _overflow = [];
    private int _frameSegment;
    private int _frameStart;
    private long _frameLength;

    /// <summary>The bytes of whole frames that have not been returned as sent.</summary>
    public long Queued { get; private set; }

    /// <summary>The bytes of the frame that is being written.</summary>
    public long FrameLength => _frameLength;

    public void BeginFrame()
    {
        Last(sizeof(int)).Used += sizeof(int);
        _frameSegment = _segments.Count - 1;
        _frameStart = _segments[^1].Used;
        _frameLength = 0;
    }

    /// <returns>False when the frame is too long, and gone.</returns>
    public bool EndFrame()
    {
        if (_frameLength > maximumFrame)
        {
            AbandonFrame();
            return false;
        }
        BinaryPrimitives.WriteInt32LittleEndian(_segments[_frameSegment].Bytes.AsSpan(_frameStart - sizeof(int)), (int)_frameLength);
        Queued += sizeof(int) + _frameLength;
        return true;
    }

    public void AbandonFrame()
    {
        while (_segments.Count - 1 > _frameSegment)
        {
            pool.Return(_segments[^1]);
            _segments.RemoveAt(_segments.Count - 1);
        }
        _segments[_frameSegment].Used = _frameStart - sizeof(int);
        _overflow = [];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_frameLength <= maximumFrame)
        {
            var segment = Last(Math.Max(sizeHint, 1));
            return segment.Bytes.AsMemory(segment.Used);
        }
        if (_overflow.Length < Math.Max(sizeHint, 1))
            _overflow = new byte[Math.Max(sizeHint, SegmentPool.SegmentSize)];
        return _overflow;
    }

    public void Advance(int count)
    {
        // Beyond the limit the bytes went to the overflow.
        if (_frameLength <= maximumFrame)
            _segments[^1].Used += count;
        _frameLength += count;
    }

    /// <summary>Hands out all whole frames, in exchange for an empty list.</summary>
    public List<Segment> Take(List<Segment> empty)
    {
        var taken = _segments;
        _segments = empty;
        return taken;
    }

    /// <summary>Takes a segment back that was sent.</summary>
    public void Return(Segment segment)
    {
        Queued -= segment.Used;
        pool.Return(segment);
    }

    private Segment Last(int room)
    {
        if (_segments.Count > 0 && _segments[^1] is var last && last.Bytes.Length - last.Used >= room)
            return last;
        var segment = pool.Rent(room);
        _segments.Add(segment);
        return segment;
    }
}

/// <summary>Part of a send buffer.</summary>
internal sealed class Segment(int size)
{
    // Pinned for good: the socket would pin it for each send.
    public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(size, pinned: true);

    public int Used { get; set; }
}

/// <summary>Segments that wait to be used again, by any connection of a system. What is above the bound is left to the garbage collector.</summary>
internal sealed class SegmentPool
{
    public const int SegmentSize = 128 * 1024;

    private const int MostKept = 512;

    private readonly Lock _lock = new();
    private readonly Stack<Segment> _free = new();

    public Segment Rent(int room)
    {
        if (room > SegmentSize)
            return new Segment(room);
        lock (_lock)
        {
            if (_free.TryPop(out var free))
                return free;
        }
        return new Segment(SegmentSize);
    }

    public void Return(Segment segment)
    {
        segment.Used = 0;
        lock (_lock)
        {
            if (segment.Bytes.Length == SegmentSize && _free.Count < MostKept)
                _free.Push(segment);
        }
    }
}
