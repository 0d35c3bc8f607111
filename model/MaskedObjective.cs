using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>The masked loss and, in a self-distillation, the distance to the teacher.</summary>
internal sealed class MaskedObjective(StudentOptions options, Compute compute, MaskedNetwork network) : TrainingObjective(compute)
{
    private readonly DistillTarget? _target = options.Objective == Objective.SelfDistillation ? options.DistillTarget : null;

    /// <inheritdoc/>
    public override (Tensor Loss, BatchLosses Numbers) Of(StudentBatch batch)
    {
        (Tensor masked, Representation? matched) = network.Forward(batch.Input, _target);
        if (matched is null)
            return (masked, new BatchLosses(Number(masked), Number(masked), double.NaN, double.NaN));
        Tensor distance = Losses.Distillation(matched, Targets(batch, matched.Values.shape), options.DistillReduction);
        Tensor loss = masked * options.MaeWeight + distance;
        return (loss, new BatchLosses(Number(loss), Number(masked), Number(distance), double.NaN));
    }

    private Tensor Targets(StudentBatch batch, long[] shape)
    {
        float[] targets = batch.Targets ?? throw new ModelException("A batch for self-distillation has no targets; ask the teacher for them.");
        long wanted = shape.Aggregate(1L, (product, dimension) => product * dimension);
        if (targets.Length != wanted)
            throw new ModelException($"A batch has {targets.Length} target numbers instead of [{string.Join(", ", shape)}]; teacher and student must have one width, one input and one kind of target.");
        return ToDevice(tensor(targets, ScalarType.Float32)).view(shape);
    }
}
