namespace ActorTrain.DataPipeline.Mixing;

/// <summary>Makes one batch of two: each place takes the next sample of the one or of the other.</summary>
internal static class Interleaving
{
    /// <param name="first">What the places of false take.</param>
    /// <param name="second">What the places of true take; of the same modality.</param>
    /// <param name="places">Which batch each place takes its sample from [samples of both].</param>
    public static LoadedBatch Of(LoadedBatch first, LoadedBatch second, bool[] places)
    {
        var (samples, epochs, labels) = (Of(first.Samples, second.Samples, places), Of(first.Epochs, second.Epochs, places), Of(first.Labels, second.Labels, places));
        return (first, second) switch
        {
            (ImageBatch one, ImageBatch other) when one.Size == other.Size => one with
            {
                Samples = samples,
                Epochs = epochs,
                Labels = labels,
                Pixels = Joined(Of(Images(one), Images(other), places)),
            },
            (TextBatch one, TextBatch other) => one with
            {
                Samples = samples,
                Epochs = epochs,
                Labels = labels,
                Lengths = Of(one.Lengths, other.Lengths, places),
                Tokens = Joined(Of(Parts(one.Tokens, one.Lengths), Parts(other.Tokens, other.Lengths), places)),
            },
            _ => throw new ArgumentException("Batches of different kinds or image sizes cannot be one.", nameof(second)),
        };
    }

    /// <summary>The same of what there is one of for each sample.</summary>
    public static T[] Of<T>(IEnumerable<T> first, IEnumerable<T> second, bool[] places)
    {
        using var one = first.GetEnumerator();
        using var other = second.GetEnumerator();
        return Array.ConvertAll(places, place =>
        {
            var from = place ? other : one;
            from.MoveNext();
            return from.Current;
        });
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Images(ImageBatch batch) =>
        Parts(batch.Pixels, Enumerable.Repeat(batch.Pixels.Length / batch.Count, batch.Count));

    private static IEnumerable<ReadOnlyMemory<T>> Parts<T>(T[] all, IEnumerable<int> lengths)
    {
        int start = 0;
        foreach (int length in lengths)
        {
            yield return all.AsMemory(start, length);
            start += length;
        }
    }

    private static T[] Joined<T>(ReadOnlyMemory<T>[] parts)
    {
        var all = new T[parts.Sum(part => part.Length)];
        int start = 0;
        foreach (var part in parts)
        {
            part.CopyTo(all.AsMemory(start));
            start += part.Length;
        }
        return all;
    }
}
