using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Tests;

public class ConfigurationTests
{
    [Fact]
    public void The_reference_documents_every_key_and_no_other()
    {
        ConfigurationText reference = RunConfiguration.Resource("reference.conf");
        IReadOnlyDictionary<string, int> lines = HoconOutline.Read(reference.Name, reference.Text);
        Assert.Equal(ConfigurationKeys.All.Select(key => key.Path), lines.OrderBy(line => line.Value).Select(line => line.Key));
        string[] text = reference.Text.Split('\n');
        Assert.All(lines, line => Assert.StartsWith("#", text[line.Value - 2].Trim()));
    }

    [Theory]
    [InlineData("demo.conf")]
    [InlineData("demo-short.conf")]
    [InlineData("xray.conf")]
    [InlineData("scierc.conf")]
    [InlineData("chemprot.conf")]
    public void Every_shipped_configuration_is_valid(string name) =>
        Settings.Read(RunConfiguration.Load([RunConfiguration.Resource("demo.conf"), RunConfiguration.Resource(name)], []), "test");

    [Fact]
    public void A_set_value_wins_over_the_file_and_the_file_over_the_reference()
    {
        RunConfiguration configuration = Load("pretrain.steps = 7\nfinetune { steps = 8, warm-up = 1 }", "finetune.steps=9");
        Assert.Equal(7, configuration.Integer("pretrain.steps"));
        Assert.Equal(9, configuration.Integer("finetune.steps"));
        Assert.Equal(1, configuration.Integer("finetune.warm-up"));
        Assert.Equal(20000, configuration.Integer("distill.steps"));
        Assert.Equal("my.conf:1", configuration.Origin("pretrain.steps"));
        Assert.Equal("--set", configuration.Origin("finetune.steps"));
    }

    [Theory]
    [InlineData("run.name = a\npretrain.stepz = 5", "my.conf:2: there is no key 'pretrain.stepz'; did you mean pretrain.steps?")]
    [InlineData("# a comment\npretrain {\n  # another\n  batch_size = 5\n}", "my.conf:4: there is no key 'pretrain.batch_size'; did you mean pretrain.batch-size?")]
    [InlineData("datas { train = x }", "my.conf:1: there is no key 'datas.train'; did you mean data.train?")]
    [InlineData("skip-broken = on", "my.conf:1: there is no key 'skip-broken'; did you mean data.skip-broken?")]
    [InlineData("pretrain = 5", "my.conf:1: 'pretrain' is a section of keys")]
    [InlineData("\n\npretrain.steps = -5", "my.conf:3: pretrain.steps = -5 is not allowed; it takes a whole number of at least 1")]
    [InlineData("pretrain.steps = many", "my.conf:1: pretrain.steps = many is not allowed")]
    [InlineData("pretrain.steps = 1.5", "my.conf:1: pretrain.steps = 1.5 is not allowed")]
    [InlineData("pretrain.steps = [1]", "my.conf:1: pretrain.steps takes a whole number")]
    [InlineData("pretrain.steps = 99999999999999999999", "my.conf:1: pretrain.steps = 99999999999999999999 is not allowed")]
    [InlineData("model.mask-ratio = 1", "it takes a number above 0 and below 1")]
    [InlineData("model.norm-pix-loss = maybe", "it takes on or off")]
    [InlineData("model.pixel-std = [1, 1]", "model.pixel-std has 2 values; it takes a list of 3 numbers above 0")]
    [InlineData("text.mask-ratio = 0", "it takes a number above 0 and below 1")]
    [InlineData("text.max-length = 3", "it takes a whole number of at least 4")]
    [InlineData("text.vocabulary = 256", "it takes a whole number of at least 261")]
    [InlineData("text { bucket-batchs = 2 }", "did you mean text.bucket-batches?")]
    [InlineData("run.seeds = 3", "run.seeds = 3 is no list")]
    [InlineData("run.seeds = []", "run.seeds has 0 values")]
    [InlineData("run.methods = [prayer]", "it takes a list of fine-tuning, further-pretraining, self-distillation")]
    [InlineData("distill.target = patches", "it takes cls or tokens")]
    [InlineData("finetune.learning-rate = NaN", "it takes a number above 0")]
    [InlineData("pretrain {\n  steps = 5\n", "my.conf:1: the { of 'pretrain' is never closed")]
    [InlineData("run.name = a\n}\n", "my.conf:2: this } closes nothing")]
    [InlineData("run.name =\n", "my.conf:1: 'run.name' has no value")]
    [InlineData("run {\n  name\n}", "my.conf:2: 'run.name' has no value")]
    [InlineData("data.train = a-{0..9}.tar", "my.conf:1: the value of 'data.train' holds '{'; put it into double quotes")]
    [InlineData("data.train = http://host/x.tar", "my.conf:1: the value of 'data.train' holds ':'")]
    [InlineData("data.train = \"never closed", "my.conf:1: a \" is never closed")]
    [InlineData("include \"other.conf\"", "my.conf:1: include is not read here")]
    [InlineData("run.seeds = [1, 2", "my.conf:1: the list of 'run.seeds' is never closed")]
    public void A_mistake_is_told_with_its_place(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Load(text)).Message);

    [Theory]
    [InlineData("pretrain.stepz=5", "--set: there is no key 'pretrain.stepz'; did you mean pretrain.steps?")]
    [InlineData("pretrain.steps=-5", "--set: pretrain.steps = -5 is not allowed")]
    [InlineData("pretrain.steps", "--set: 'pretrain.steps' is no key=value")]
    public void A_mistake_in_a_set_option_is_told(string assignment, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Load("", assignment)).Message);

    [Theory]
    [InlineData("finetune { steps = 10, warm-up = 11 }", "finetune.warm-up = 11 is more than finetune.steps = 10")]
    [InlineData("pretrain { batch-size = 10, micro-batches = 3 }", "pretrain.micro-batches = 3 does not divide")]
    [InlineData("run.seeds = [1, 1]", "names a seed twice")]
    [InlineData("run.device = gpu", "run.device = gpu is no device")]
    [InlineData("run.name = \"a/b\"", "cannot name a folder")]
    [InlineData("model.from = \"preset:huge\"", "model.from = preset:huge is no preset")]
    [InlineData("model.image-size = 30", "no multiple of the patch size 4")]
    [InlineData("text.text-field = \"\"", "text.text-field is empty; name a field")]
    [InlineData("text.pair-field = label", "name 'label' twice")]
    [InlineData("model { from = somewhere, image-size = 32 }", "model.image-size changes a preset for images only")]
    [InlineData("model { from = \"preset:tiny-text\", image-size = 32 }", "model.image-size changes a preset for images only")]
    public void Values_that_do_not_go_together_are_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Settings.Read(Load(text), "test")).Message);

    [Fact]
    public void Texts_keep_what_would_be_syntax()
    {
        RunConfiguration configuration = Load("data { train = \"a-{000000..000009}.tar\", test = \"s3://b/c\" }  # places", "data.unlabelled=x={1..2}, \"q\"", "run.seeds=[4, 5]");
        Assert.Equal("a-{000000..000009}.tar", configuration.Text("data.train"));
        Assert.Equal("s3://b/c", configuration.Text("data.test"));
        Assert.Equal("x={1..2}, \"q\"", configuration.Text("data.unlabelled"));
        Assert.Equal(["4", "5"], configuration.List("run.seeds"));
    }

    [Fact]
    public void What_is_written_reads_as_the_same_settings()
    {
        RunConfiguration configuration = Load("run { seeds = [3, 4], methods = [self-distillation] }\ndata.train = \"a \\\\ \\\"b\\\"\"\nmodel.mask-ratio = 0.6");
        string written = configuration.Render(Settings.Read(configuration, "first").Resolved, withOrigins: true);
        RunConfiguration again = RunConfiguration.Load([new ConfigurationText("written.conf", written)], []);
        Assert.Equal("first", again.Text("run.name"));
        Assert.Equal("a \\ \"b\"", again.Text("data.train"));
        Assert.Equal(written.Split('\n').Select(Value), again.Render(new Dictionary<string, string>(), withOrigins: false).Split('\n'));

        static string Value(string line) => line.Split("  #")[0];
    }

    private static RunConfiguration Load(string text, params string[] assignments) =>
        RunConfiguration.Load([new ConfigurationText("my.conf", text)], assignments);
}
