using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>Some rows of a batch of sequences.</summary>
/// <param name="Rows">Their numbers, ascending, int64 <c>[rows]</c>.</param>
/// <param name="Layout">How many of them each sequence has.</param>
public sealed record SequenceRows(Tensor Rows, SequenceLayout Layout);

/// <summary>
/// How the sequences of a batch lie in a tensor of rows: end to end, without padding. Its tensors are made when they are first
/// asked for and belong to the dispose scope of that moment; a layout serves one batch.
/// </summary>
public sealed class SequenceLayout
{
    private readonly Device _device;
    private Tensor? _shares;
    private Tensor? _filled;
    private Tensor? _rowOfPlace;
    private Tensor? _placeOfRow;

    /// <param name="lengths">Rows of each sequence.</param>
    /// <param name="device">Where the tensors lie.</param>
    public SequenceLayout(IReadOnlyList<int> lengths, Device device)
    {
        Lengths = lengths;
        _device = device;
        Longest = lengths.Max();
        Rows = lengths.Sum(length => (long)length);
    }

    /// <summary>Rows of each sequence.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <summary>Number of sequences.</summary>
    public int Count => Lengths.Count;

    /// <summary>Rows of the longest sequence.</summary>
    public int Longest { get; }

    /// <summary>Rows of all sequences.</summary>
    public long Rows { get; }

    /// <summary>What a row counts in a mean over each sequence's rows and then over the sequences that have any, float32 <c>[rows]</c>.</summary>
    public Tensor Shares => _shares ??= OnDevice(tensor(RowShares(), ScalarType.Float32));

    /// <summary>Which places of the padded batch hold a row, bool <c>[count, longest]</c>.</summary>
    public Tensor Filled => _filled ??= OnDevice(tensor(
        Lengths.SelectMany(length => Enumerable.Range(0, Longest).Select(place => place < length)).ToArray(), ScalarType.Bool)).view(Count, Longest);

    /// <summary>The first row of each sequence.</summary>
    public SequenceRows First()
    {
        long next = 0;
        List<long> rows = [];
        foreach (int length in Lengths)
        {
            rows.Add(next);
            next += length;
        }
        return new SequenceRows(OnDevice(tensor(rows.ToArray(), ScalarType.Int64)), new SequenceLayout([.. Enumerable.Repeat(1, Count)], _device));
    }

    /// <summary>The rows as a padded batch; a place without a row repeats another one's numbers, for attention to pass over.</summary>
    /// <param name="rows"><c>[rows, width]</c>.</param>
    /// <returns><c>[count, longest, width]</c>.</returns>
    public Tensor Pad(Tensor rows)
    {
        _rowOfPlace ??= OnDevice(tensor(RowOfPlace(), ScalarType.Int64));
        return rows.index_select(0, _rowOfPlace).view(Count, Longest, rows.shape[1]);
    }

    /// <summary>The rows of a padded batch.</summary>
    /// <param name="padded"><c>[count, longest, width]</c>.</param>
    /// <returns><c>[rows, width]</c>.</returns>
    public Tensor Unpad(Tensor padded)
    {
        _placeOfRow ??= OnDevice(tensor(PlaceOfRow(), ScalarType.Int64));
        return padded.reshape((long)Count * Longest, padded.shape[2]).index_select(0, _placeOfRow);
    }

    private float[] RowShares()
    {
        double counted = Lengths.Count(length => length > 0);
        return [.. Lengths.SelectMany(length => Enumerable.Repeat((float)(1 / (length * counted)), length))];
    }

    private long[] RowOfPlace()
    {
        var rows = new long[(long)Count * Longest];
        long first = 0;
        for (int sequence = 0; sequence < Count; sequence++)
        {
            for (int place = 0; place < Longest; place++)
                rows[(long)sequence * Longest + place] = place < Lengths[sequence] ? first + place : 0;
            first += Lengths[sequence];
        }
        return rows;
    }

    private long[] PlaceOfRow()
    {
        var places = new long[Rows];
        long row = 0;
        for (int sequence = 0; sequence < Count; sequence++)
        {
            for (int place = 0; place < Lengths[sequence]; place++)
                places[row++] = (long)sequence * Longest + place;
        }
        return places;
    }

    private Tensor OnDevice(Tensor host) => Kernels.Current.ToDevice(host, _device);
}
