namespace ActorTrain.DataPipeline.Tests;

/// <summary>A test that takes minutes; it runs where the environment variable ACTORTRAIN_LONG_TESTS is 1.</summary>
public sealed class LongTheoryAttribute : TheoryAttribute
{
    public LongTheoryAttribute()
    {
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_LONG_TESTS") != "1")
            Skip = "takes minutes; set ACTORTRAIN_LONG_TESTS=1";
    }
}
