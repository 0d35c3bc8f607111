using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>A RoBERTa that knows no padding against PyTorch's on padded batches, to 1e-5.</summary>
public sealed class GoldenTextTests
{
    [Fact]
    public void The_language_model_has_PyTorchs_scores_loss_and_gradients()
    {
        using DisposeScope scope = NewDisposeScope();
        RobertaMlm network = GoldenText.LoadMlm();
        TokenTensors batch = network.Encoder.Receive(GoldenText.Input);
        GoldenText.Values.AssertTensor("mlm/logits", network.Predict(batch, batch.Hidden()).data<float>());
        GoldenText.Values.AssertGradients("mlm", network, network.Forward(GoldenText.Input, target: null).Loss);
    }

    [Fact]
    public void The_encoder_has_PyTorchs_features_also_where_the_last_block_computes_only_the_first_token()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradient = no_grad();
        RobertaEncoder encoder = GoldenText.LoadMlm().Encoder;
        float[] tokens = encoder.Representation(GoldenText.Input, DistillTarget.Tokens).Values.data<float>().ToArray();
        GoldenText.Values.AssertTensor("features", tokens);
        float[] cls = encoder.Representation(GoldenText.Input, DistillTarget.Cls).Values.data<float>().ToArray();
        int width = GoldenText.Configuration.Width;
        int first = 0;
        for (int sequence = 0; sequence < GoldenText.Input.Count; sequence++)
        {
            Assert.All(tokens.Skip(first * width).Take(width).Zip(cls.Skip(sequence * width)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
            first += GoldenText.Input.Lengths[sequence];
        }
    }

    [Theory]
    [InlineData("distill-cls", "targets/cls", DistillTarget.Cls, "distill-cls/distance")]
    [InlineData("distill-tokens", "targets/tokens", DistillTarget.Tokens, "distill-tokens-mean/distance")]
    public void Self_distillation_has_PyTorchs_loss_and_gradients_and_padding_does_not_count(string key, string targets, DistillTarget target, string distanceKey)
    {
        using DisposeScope scope = NewDisposeScope();
        RobertaMlm network = GoldenText.LoadMlm();
        (Tensor masked, Representation? whole) = network.Forward(GoldenText.Input, target);
        Tensor distance = Losses.Distillation(whole!, tensor(GoldenText.Values[targets]).view(whole!.Values.shape), DistillReduction.Mean);
        GoldenText.Values.AssertScalar(distanceKey, distance.item<float>());
        GoldenText.Values.AssertGradients(key, network, masked * 0.5 + distance);
    }

    [Fact]
    public void The_summed_distance_over_all_tokens_is_PyTorchs()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradient = no_grad();
        Representation output = GoldenText.LoadMlm().Encoder.Representation(GoldenText.Input, DistillTarget.Tokens);
        Tensor targets = tensor(GoldenText.Values["targets/tokens"]).view(output.Values.shape);
        GoldenText.Values.AssertScalar("distill-tokens-sum/distance", Losses.Distillation(output, targets, DistillReduction.Sum).item<float>());
    }

    [Fact]
    public void A_student_that_distils_reports_both_losses()
    {
        StudentOptions options = Options(Objective.SelfDistillation) with { MaeWeight = 0.5, DistillTarget = DistillTarget.Tokens };
        using Student student = Student.Open(options, GoldenText.ModelFolder);
        StepResult result = student.Step(0, [new StudentBatch(GoldenText.Input, Labels: null, GoldenText.Values["targets/tokens"])]);
        GoldenText.Values.AssertScalar("distill-tokens/loss", result.Loss);
        GoldenText.Values.AssertScalar("mlm/loss", result.MaeLoss);
        GoldenText.Values.AssertScalar("distill-tokens-mean/distance", result.DistillLoss);
        Assert.True(double.IsNaN(result.Accuracy));
    }

    [Fact]
    public void The_classifier_has_PyTorchs_scores_loss_and_gradients()
    {
        using DisposeScope scope = NewDisposeScope();
        RobertaClassifier network = new(GoldenText.Configuration with { ClassNames = ["a", "b", "c"] }, new NetworkOptions(CPU));
        ModelFolder.LoadEncoder(network.Encoder, GoldenText.ModelFolder);
        foreach (Weight weight in network.Head)
            weight.Set(GoldenText.Values[weight.Key]);
        Tensor scores = network.Scores(GoldenText.Input);
        GoldenText.Values.AssertTensor("classifier/scores", scores.data<float>());
        GoldenText.Values.AssertGradients("classifier", network, nn.functional.cross_entropy(scores, tensor(new long[] { 0, 1, 2, 0 })));
    }

    [Fact]
    public void Three_steps_with_warm_up_decay_and_clipping_end_at_PyTorchs_parameters()
    {
        using Student student = Student.Open(Options(Objective.MaskedAutoEncoding), GoldenText.ModelFolder);
        for (int step = 0; step < 3; step++)
        {
            StepResult result = student.Step(step, [new StudentBatch(GoldenText.Input, Labels: null, Targets: null)]);
            GoldenText.Values.AssertScalar($"steps/{step}/loss", result.Loss);
            GoldenText.Values.AssertScalar($"steps/{step}/norm", result.GradientNorm);
        }
        using TemporaryFolder folder = new();
        student.SaveModel(folder.Path);
        using SafetensorsFile saved = SafetensorsFile.Open(folder["model.safetensors"]);
        string[] keys = [.. GoldenText.Values.Keys.Where(key => key.StartsWith("steps/weights/", StringComparison.Ordinal))];
        Assert.Equal(saved.Entries.Count, keys.Length);
        foreach (string key in keys)
            GoldenText.Values.AssertTensor(key, saved.Read(key["steps/weights/".Length..]));
    }

    private static StudentOptions Options(Objective objective) => new()
    {
        Objective = objective,
        LearningRate = 0.02,
        Epsilon = 1e-3,
        WeightDecay = 0.05,
        MaxGradientNorm = 0.5,
        WarmUpSteps = 1,
        TotalSteps = 4,
    };
}
