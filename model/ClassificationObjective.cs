using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>Cross-entropy and, where the options ask for it, R3F's divergence under noise or SupCon's contrast of the classes.</summary>
internal sealed class ClassificationObjective(StudentOptions options, Compute compute, ClassifierNetwork network) : TrainingObjective(compute)
{
    /// <inheritdoc/>
    public override (Tensor Loss, BatchLosses Numbers) Of(StudentBatch batch)
    {
        int[] given = batch.Labels ?? throw new ModelException("A batch for classification has no labels; use labelled data.");
        Tensor labels = ToDevice(network.Labels(given, batch.Input.Count));                         // [batch]
        Tensor features = network.Encoder.Cls(batch.Input);                                         // [batch, width]
        Tensor scores = network.Scores(options.Contrast is null ? features : features.detach());    // [batch, classes]
        Tensor loss = nn.functional.cross_entropy(scores, labels);
        if (options.Contrast is { } contrast)
            loss = loss + Losses.SupervisedContrast(features, given, contrast.Temperature) * contrast.Weight;
        if (options.Consistency is { } consistency)
            loss = loss + Losses.SymmetricDivergence(scores, network.Scores(network.Encoder.Cls(batch.Input, consistency.Disturb))) * consistency.Weight;
        double accuracy = scores.argmax(1).eq(labels).sum().item<long>() / (double)batch.Input.Count;
        return (loss, new BatchLosses(Number(loss), double.NaN, double.NaN, accuracy));
    }
}
