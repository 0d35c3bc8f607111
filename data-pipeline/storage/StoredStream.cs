namespace ActorTrain.DataPipeline.Storage;

/// <summary>Part of a stored file, and some bytes behind it, as a stream that is read from its beginning to its end, asynchronously only.</summary>
internal sealed class StoredStream(IFileStore store, string path, long start, long length, byte[] behind) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length + behind.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        if (_position < length)
        {
            count = (int)Math.Min(buffer.Length, length - _position);
            await store.ReadAsync(path, start + _position, buffer[..count], cancellationToken);
        }
        else
        {
            var rest = behind.AsMemory((int)(_position - length));
            count = Math.Min(buffer.Length, rest.Length);
            rest[..count].CopyTo(buffer);
        }
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() { }
}
