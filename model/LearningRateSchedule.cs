namespace ActorTrain.Model;

/// <summary>Linear warm-up from 0, then linear decay to 0 (Hugging Face's <c>get_linear_schedule_with_warmup</c>).</summary>
internal static class LearningRateSchedule
{
    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">Steps done before this one.</param>
    /// <param name="peak">The rate at the end of the warm-up.</param>
    /// <param name="warmUpSteps">Steps of rising.</param>
    /// <param name="totalSteps">Steps at whose end the rate is 0.</param>
    public static double At(long step, double peak, long warmUpSteps, long totalSteps) => step < warmUpSteps
        ? peak * step / Math.Max(1, warmUpSteps)
        : peak * Math.Max(0, totalSteps - step) / Math.Max(1, totalSteps - warmUpSteps);
}
