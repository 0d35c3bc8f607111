using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Actors.Compute;

/// <summary>
/// A teacher's targets for a whole data set, in a file that is read through memory. A flag byte per block comes first, then
/// <c>[samples, targetLength]</c> little-endian floats. A block's flag is written after its floats are on the disk, so that no
/// crash leaves a wrong block marked as done. Used by one thread.
/// </summary>
internal sealed unsafe class TargetCache : IDisposable
{
    private const int Page = 4096;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly float* _targets;
    private readonly int _targetLength;
    private readonly int _blockSize;
    private readonly long _dataOffset;

    /// <param name="folder">Where the file is kept.</param>
    /// <param name="key">All that decides the targets' bits; names the file.</param>
    /// <param name="samples">Samples of the data set.</param>
    /// <param name="blockSize">Samples of a block; the last block may be short.</param>
    /// <param name="targetLength">Floats of a sample.</param>
    /// <exception cref="RunException">The file cannot be made.</exception>
    public TargetCache(string folder, string key, long samples, int blockSize, int targetLength)
    {
        _path = Path.Combine(folder, $"targets-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32]}.bin");
        (_blockSize, _targetLength) = (blockSize, targetLength);
        long blocks = (samples + blockSize - 1) / blockSize;
        _dataOffset = (blocks + Page - 1) / Page * Page;
        long length = _dataOffset + samples * targetLength * sizeof(float);
        SafeFileHandle? file = null;
        RunFolder.Writing(_path, () =>
        {
            Directory.CreateDirectory(folder);
            if (File.Exists(_path) && new FileInfo(_path).Length != length)
                File.Delete(_path);
            // The space is taken now, so that a full disk ends the run before the work is done and not in its middle.
            file = File.Exists(_path)
                ? File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite)
                : File.OpenHandle(_path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite, FileOptions.None, length);
            if (RandomAccess.GetLength(file) != length)
                RandomAccess.SetLength(file, length);
        });
        _file = file!;
        _map = MemoryMappedFile.CreateFromFile(_file, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _targets = (float*)(start + _dataOffset);
        var done = new byte[blocks];
        RandomAccess.Read(_file, done, 0);
        Done = [.. done.Select(flag => flag == 1)];
    }

    /// <summary>Which blocks are done.</summary>
    public bool[] Done { get; }

    /// <summary>Keeps a block's targets, <c>[block, targetLength]</c>.</summary>
    /// <exception cref="RunException">The file cannot be written.</exception>
    public void Write(long block, ReadOnlySpan<float> targets)
    {
        var bytes = MemoryMarshal.AsBytes(targets);
        try
        {
            RandomAccess.Write(_file, bytes, _dataOffset + block * _blockSize * _targetLength * sizeof(float));
            RandomAccess.FlushToDisk(_file);
            RandomAccess.Write(_file, [1], block);
            RandomAccess.FlushToDisk(_file);
        }
        catch (IOException error)
        {
            RunFolder.Writing(_path, () => throw error);
        }
        Done[block] = true;
    }

    /// <summary>Copies a sample's targets, whose block is done.</summary>
    public void Read(long sample, Span<float> targets) =>
        new ReadOnlySpan<float>(_targets + sample * _targetLength, _targetLength).CopyTo(targets);

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
        _file.Dispose();
    }
}
