using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What a network minimises: a sum of weighted terms.</summary>
internal abstract class TrainingObjective(Compute compute)
{
    /// <summary>The loss of a batch.</summary>
    /// <exception cref="ModelException">The batch does not fit the network, or lacks what the objective needs.</exception>
    public abstract (Tensor Loss, BatchLosses Numbers) Of(StudentBatch batch);

    protected Tensor ToDevice(Tensor host) => Kernels.Current.ToDevice(host, compute.Device);

    protected static double Number(Tensor loss) => loss.item<float>();
}

/// <summary>What a batch reports; an average of batches is made by summing shares.</summary>
internal readonly record struct BatchLosses(double Loss, double Mae, double Distill, double Accuracy)
{
    public static BatchLosses operator +(BatchLosses left, BatchLosses right) =>
        new(left.Loss + right.Loss, left.Mae + right.Mae, left.Distill + right.Distill, left.Accuracy + right.Accuracy);

    public static BatchLosses operator /(BatchLosses losses, int count) =>
        new(losses.Loss / count, losses.Mae / count, losses.Distill / count, losses.Accuracy / count);
}
