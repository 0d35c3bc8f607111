using System.Runtime.CompilerServices;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Text;

/// <summary>A line without its end; valid until the next one is read.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Offset">Where it starts in the stored file.</param>
/// <param name="Bytes">What it says; null where that is more than <see cref="LineReader.MaxLineBytes"/>.</param>
internal readonly record struct TextLine(long Number, long Offset, ReadOnlyMemory<byte>? Bytes);

/// <summary>
/// Reads the lines of a part of a stored file in order, through a window: a line ends with LF or CR LF or where the part ends, and a
/// byte order mark at the beginning is passed over. Memory is bounded whatever the file holds.
/// </summary>
internal sealed class LineReader(IFileStore store, string path, long start, long length)
{
    public const int MaxLineBytes = 8 << 20;

    private const int WindowSize = 1 << 20;

    public async IAsyncEnumerable<TextLine> ReadAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var window = new byte[WindowSize];
        // The window holds filled bytes that start at windowOffset; the line under way begins at lineStart, its first searched bytes hold no LF.
        long windowOffset = start, number = 0, end = start + length;
        int lineStart = 0, searched = 0, filled = 0;
        bool tooLong = false;
        for (; ; )
        {
            int found = window.AsSpan(searched, filled - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                yield return LineAt(lineStart, searched + found);
                lineStart = searched = searched + found + 1;
                tooLong = false;
                continue;
            }
            tooLong |= filled - lineStart > MaxLineBytes;
            int kept = tooLong ? 0 : filled - lineStart;
            window.AsSpan(filled - kept, kept).CopyTo(window);
            windowOffset += filled - kept;
            (lineStart, searched, filled) = (0, kept, kept);
            int wanted = (int)Math.Min(WindowSize, end - windowOffset - filled);
            if (wanted == 0)
            {
                if (filled > 0 || tooLong)
                    yield return LineAt(0, filled);
                yield break;
            }
            if (filled + wanted > window.Length)
                Array.Resize(ref window, Math.Max(filled + wanted, 2 * window.Length));
            await store.ReadAsync(path, windowOffset + filled, window.AsMemory(filled, wanted), cancel);
            filled += wanted;
        }

        TextLine LineAt(int from, int to)
        {
            number++;
            if (number == 1 && !tooLong && window.AsSpan(from, to - from).StartsWith("\uFEFF"u8))
                from += 3;
            if (to > from && window[to - 1] == '\r')
                to--;
            return new TextLine(number, windowOffset + from, tooLong || to - from > MaxLineBytes ? (ReadOnlyMemory<byte>?)null : window.AsMemory(from, to - from));
        }
    }
}
