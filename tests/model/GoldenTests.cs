using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>Losses, features, gradients and optimiser steps against PyTorch's, to 1e-5.</summary>
public sealed class GoldenTests
{
    [Theory]
    [InlineData("mae", false)]
    [InlineData("mae-norm-pix", true)]
    public void Masked_auto_encoding_has_PyTorchs_loss_and_gradients(string key, bool normPix)
    {
        using DisposeScope scope = NewDisposeScope();
        VitMae network = Golden.LoadMae();
        Golden.Values.AssertGradients(key, network, MaskedLoss(network, normPix));
    }

    [Fact]
    public void The_encoder_has_PyTorchs_features_also_where_the_last_block_computes_only_the_CLS_token()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradient = no_grad();
        VitEncoder encoder = Golden.LoadMae().Encoder;
        Tensor tokens = encoder.Tokens(Golden.Patches().All, seen: null);
        Golden.Values.AssertTensor("features", tokens.data<float>());
        Tensor cls = encoder.Cls(Golden.Patches().All);
        (int tokenCount, int width) = (17, 16);
        float[] expected = [.. Golden.Values["features"].Chunk(tokenCount * width).SelectMany(image => image.Take(width))];
        Assert.All(expected.Zip(cls.data<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void Self_distillation_has_PyTorchs_loss_and_gradients_in_one_backward_pass()
    {
        using DisposeScope scope = NewDisposeScope();
        VitMae network = Golden.LoadMae();
        Tensor targets = tensor(Golden.Values["targets/cls"]).view(Golden.Count, -1);
        Tensor distance = Losses.Distillation(new Representation(network.Encoder.Cls(Golden.Patches().All)), targets, DistillReduction.Mean);
        Golden.Values.AssertScalar("distill-cls/distance", distance.item<float>());
        Tensor mae = MaskedLoss(network, normPix: true);
        Golden.Values.AssertGradients("distill-cls", network, mae * 0.5 + distance);
    }

    [Theory]
    [InlineData("distill-tokens-mean/distance", DistillReduction.Mean)]
    [InlineData("distill-tokens-sum/distance", DistillReduction.Sum)]
    public void The_distance_over_all_tokens_is_PyTorchs(string key, DistillReduction reduction)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradient = no_grad();
        Tensor output = Golden.LoadMae().Encoder.Tokens(Golden.Patches().All, seen: null);
        Tensor targets = tensor(Golden.Values["targets/tokens"]).view(output.shape);
        Golden.Values.AssertScalar(key, Losses.Distillation(new Representation(output), targets, reduction).item<float>());
    }

    [Fact]
    public void A_student_that_distils_reports_both_losses()
    {
        using Student student = Student.Open(Options(Objective.SelfDistillation) with { MaeWeight = 0.5 }, Golden.ModelFolder);
        StepResult result = student.Step(0, [Golden.Batch with { Targets = Golden.Values["targets/cls"] }]);
        Golden.Values.AssertScalar("distill-cls/loss", result.Loss);
        Golden.Values.AssertScalar("mae-norm-pix/loss", result.MaeLoss);
        Golden.Values.AssertScalar("distill-cls/distance", result.DistillLoss);
        Assert.True(double.IsNaN(result.Accuracy));
    }

    [Fact]
    public void The_classifier_has_PyTorchs_scores_loss_and_gradients()
    {
        using DisposeScope scope = NewDisposeScope();
        VitClassifier network = new(Golden.Configuration with { ClassNames = ["a", "b", "c"] }, new NetworkOptions(CPU));
        ModelFolder.LoadEncoder(network.Encoder, Golden.ModelFolder);
        foreach (Weight weight in network.Head)
            weight.Set(Golden.Values[weight.Key]);
        Tensor scores = network.Scores(Golden.Batch.Input);
        Golden.Values.AssertTensor("classifier/scores", scores.data<float>());
        Golden.Values.AssertGradients("classifier", network, nn.functional.cross_entropy(scores, tensor(new long[] { 0, 1, 2 })));
    }

    [Fact]
    public void Three_steps_with_warm_up_decay_and_clipping_end_at_PyTorchs_parameters()
    {
        using Student student = Student.Open(Options(Objective.MaskedAutoEncoding), Golden.ModelFolder);
        for (int step = 0; step < 3; step++)
        {
            StepResult result = student.Step(step, [Golden.Batch]);
            Golden.Values.AssertScalar($"steps/{step}/loss", result.Loss);
            Golden.Values.AssertScalar($"steps/{step}/norm", result.GradientNorm);
        }
        using TemporaryFolder folder = new();
        student.SaveModel(folder.Path);
        using SafetensorsFile saved = SafetensorsFile.Open(folder["model.safetensors"]);
        string[] keys = [.. Golden.Values.Keys.Where(key => key.StartsWith("steps/weights/", StringComparison.Ordinal))];
        Assert.Equal(saved.Entries.Count - 2, keys.Length);
        foreach (string key in keys)
            Golden.Values.AssertTensor(key, saved.Read(key["steps/weights/".Length..]));
    }

    [Fact]
    public void AdamW_makes_torch_optims_steps()
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter parameter = nn.Parameter(tensor(Golden.Values["adamw/initial"]).view(3, 4));
        StudentOptions options = Options(Objective.MaskedAutoEncoding) with { WeightDecay = 0.1, Epsilon = 1e-8 };
        using AdamWState state = new([parameter], [true], options);
        for (int step = 0; step < 3; step++)
        {
            state.Gather([tensor(Golden.Values[$"adamw/gradient/{step}"]).view(3, 4)], first: true);
            state.Step = step + 1;
            Kernels.Current.AdamWStep(state, 1e-2, 1);
        }
        Golden.Values.AssertTensor("adamw/final", parameter.detach().data<float>());
    }

    private static Tensor MaskedLoss(VitMae network, bool normPix)
    {
        (PatchTensor patches, MaskTensors mask) = (Golden.Patches(), Golden.Mask());
        return Losses.MaskedAutoEncoding(network.Predict(patches, mask), patches, mask, normPix);
    }

    private static StudentOptions Options(Objective objective) => new()
    {
        Objective = objective,
        LearningRate = 0.02,
        Epsilon = 1e-4,
        WeightDecay = 0.05,
        MaxGradientNorm = 0.5,
        WarmUpSteps = 1,
        TotalSteps = 4,
    };
}
