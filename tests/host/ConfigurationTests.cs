using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Tests;

public sealed class ConfigurationTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void The_reference_documents_every_key_and_no_other()
    {
        ConfigurationText reference = RunConfiguration.Resource("reference.conf");
        ILookup<bool, KeyValuePair<string, OutlinedKey>> keys = HoconOutline.Read(reference.Name, reference.Text).Keys.ToLookup(key => key.Key.StartsWith("methods.", StringComparison.Ordinal));
        Assert.Equal(ConfigurationKeys.All.Select(key => key.Path), keys[false].Select(key => key.Key));
        string[] text = reference.Text.Split('\n');
        Assert.All(keys[false], key => Assert.StartsWith("#", text[key.Value.Line - 2].Trim()));
    }

    /// <summary>The ready-made configurations.</summary>
    public static TheoryData<string> Shipped => [.. ReadyMade.Names.Except(["reference.conf"])];

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Every_shipped_configuration_is_valid(string name)
    {
        RunConfiguration configuration = RunConfiguration.Load([RunConfiguration.Resource("demo.conf"), ReadyMade.Open(name)], []);
        Settings.Read(configuration, "test");
        StudyDefinition study = configuration.Study;
        Assert.All(study.DataSets, data => Settings.Read(data.Configuration, "test"));
        Assert.All(study.Sweep.SelectMany(swept => swept.Values, (swept, value) => $"{swept.Key}={value}"), point => Settings.Read(configuration.With([point]), "test"));
    }

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
    [InlineData("distill.target = patches", "it takes cls or tokens or predictions or weights or none")]
    [InlineData("finetune.learning-rate = NaN", "it takes a number above 0")]
    [InlineData("pretrain {\n  steps = 5\n", "my.conf:1: the { of 'pretrain' is never closed")]
    [InlineData("run.name = a\n}\n", "my.conf:2: this } closes nothing")]
    [InlineData("study.datasets {\n  small { data.limit = 100 }\n  full { }\n}", "my.conf:3: 'study.datasets.full' is empty")]
    [InlineData("run.name =\n", "my.conf:1: 'run.name' has no value")]
    [InlineData("run {\n  name\n}", "my.conf:2: 'run.name' has no value")]
    [InlineData("data.train = a-{0..9}.tar", "my.conf:1: the value of 'data.train' holds '{'; put it into double quotes")]
    [InlineData("data.train = http://host/x.tar", "my.conf:1: the value of 'data.train' holds ':'")]
    [InlineData("data.train = \"never closed", "my.conf:1: a \" is never closed")]
    [InlineData("run.name = a\ninclude \"other.conf\"", "my.conf:2: there is no file 'other.conf' to include; name one, relative to the folder of my.conf")]
    [InlineData("pretrain {\n  include \"other.conf\"\n}", "my.conf:2: include stands in 'pretrain'; put it outside of all sections")]
    [InlineData("\ninclude file(\"other.conf\")", "my.conf:2: this include cannot be read; write include \"FILE\" on a line of its own")]
    [InlineData("include url(\"http://host/other.conf\")", "my.conf:1: this include cannot be read; write include \"FILE\"")]
    [InlineData("include other.conf", "my.conf:1: this include cannot be read; write include \"FILE\"")]
    [InlineData("include\n\"other.conf\"", "my.conf:1: this include cannot be read; write include \"FILE\"")]
    [InlineData("include \"\"", "my.conf:1: this include cannot be read; write include \"FILE\"")]
    [InlineData("include \"other.conf\", run.name = a", "my.conf:1: this include cannot be read; write include \"FILE\"")]
    [InlineData("include \"other.conf", "my.conf:1: a \" is never closed")]
    [InlineData("include = 5", "my.conf:1: there is no key 'include'")]
    [InlineData("run.name = a\nmethods.mine {\n  distill.mae-wait = 0.3\n}", "my.conf:3: there is no key 'methods.mine.distill.mae-wait'; did you mean methods.mine.distill.mae-weight?")]
    [InlineData("methods.mine.distill.mae-weight = -1", "my.conf:1: methods.mine.distill.mae-weight = -1 is not allowed; it takes a number of at least 0")]
    [InlineData("methods.mine = 5", "my.conf:1: 'methods.mine' is a section of keys; write methods.mine.<key>")]
    [InlineData("methods = 5", "my.conf:1: 'methods' is a section of names; write methods.<name>.<key>")]
    [InlineData("methods.mine.pretrain = 5", "'methods.mine.pretrain' is a section of keys")]
    [InlineData("methods.mine.run.seeds = [1]", "methods.mine.run.seeds cannot be set, for run.seeds has one value for all methods of a run; set run.seeds itself")]
    [InlineData("methods { mine { source.steps = 5 } }", "methods.mine.source.steps cannot be set")]
    [InlineData("methods { \"my own\" { run.adapt = none } }", "'my own' in methods.my own.run.adapt cannot be part of a file name")]
    [InlineData("study.datasets.xray { data.trian = x }", "my.conf:1: there is no key 'study.datasets.xray.data.trian'; did you mean study.datasets.xray.data.train?")]
    [InlineData("study.datasets.xray { run.methods = [mars] }", "run.methods has one value for a whole study")]
    [InlineData("study { sweep { data.limits = [1, 2] } }", "my.conf:1: there is no key 'study.sweep.data.limits'; did you mean study.sweep.data.limit?")]
    [InlineData("study.sweep.data.limit = [1, -2]", "study.sweep.data.limit = -2 is not allowed; it takes a list of whole numbers of at least 0")]
    [InlineData("study.sweep.data.limit = 100", "study.sweep.data.limit = 100 is no list")]
    [InlineData("study.sweep.model.pixel-mean = [1, 2, 3]", "model.pixel-mean takes a list; a sweep goes through single values")]
    [InlineData("study.sweep.cache.dir = [a, b]", "cache.dir has one value for a whole study")]
    [InlineData("run.seeds = [1, 2", "my.conf:1: the list of 'run.seeds' is never closed")]
    public void A_mistake_is_told_with_its_place(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Load(text)).Message);

    [Fact]
    public void Included_keys_stand_in_place_of_the_include()
    {
        Write("strong.conf", "distill.steps = 21\nfinetune.steps = 23");
        Write("weak.conf", "pretrain.steps = 10\ndistill.steps = 11\nfinetune { steps = 12, warm-up = 13 }\nmethods.a.distill.rounds = 2");
        RunConfiguration configuration = LoadFile(Write("my.conf", """
            pretrain.steps = 30
            run.name = mine, include "weak.conf"  # a comment
            include"strong.conf" // another
            finetune.steps = 33
            methods.b.distill.rounds = 3
            """), "finetune.batch-size=44");
        Assert.Equal((10, 21, 33), (configuration.Integer("pretrain.steps"), configuration.Integer("distill.steps"), configuration.Integer("finetune.steps")));
        Assert.Equal((13, 44, "mine"), (configuration.Integer("finetune.warm-up"), configuration.Integer("finetune.batch-size"), configuration.Text("run.name")));
        Assert.Equal(["a", "b"], configuration.MethodNames.TakeLast(2));
        Assert.Equal(
            [_workspace.File("weak.conf") + ":1", _workspace.File("strong.conf") + ":1", _workspace.File("my.conf") + ":4"],
            new[] { "pretrain.steps", "distill.steps", "finetune.steps" }.Select(configuration.Origin));
    }

    [Fact]
    public void An_included_file_is_looked_for_from_the_folder_of_the_including_one()
    {
        Write("base/all.conf", "include \"steps/few.conf\"\r\ninclude \"../root.conf\"\r\n");
        Write("base/steps/few.conf", "pretrain.steps = 1");
        Write("root.conf", $"include \"{Write("elsewhere/whole.conf", "distill.steps = 2")}\"\nfinetune.steps = 3");
        // A file may be taken twice.
        RunConfiguration configuration = LoadFile(Write("runs/my.conf", "include \"../base/all.conf\"\ninclude \"../base/steps/few.conf\"\n"));
        Assert.Equal((1, 2, 3), (configuration.Integer("pretrain.steps"), configuration.Integer("distill.steps"), configuration.Integer("finetune.steps")));
    }

    [Theory]
    [InlineData("\npretrain.stepz = 5", "other.conf:2: there is no key 'pretrain.stepz'")]
    [InlineData("pretrain.steps = -5", "other.conf:1: pretrain.steps = -5 is not allowed")]
    [InlineData("pretrain {", "other.conf:1: the { of 'pretrain' is never closed")]
    [InlineData("\ninclude \"third.conf\"", "other.conf:2: there is no file '")]
    [InlineData("\n\ninclude \"../sub/other.conf\"", "other.conf:3: with this line '")]
    [InlineData("include \"../my.conf\"", "includes itself; remove it")]
    [InlineData("include \"../sub\"", "other.conf:1: there is no file '")]
    public void A_mistake_in_an_included_file_is_told_with_its_place(string text, string expected)
    {
        Write("sub/other.conf", text);
        string file = Write("my.conf", "include \"sub/other.conf\"");
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => LoadFile(file)).Message);
    }

    [Theory]
    [InlineData("pretrain.stepz=5", "--set: there is no key 'pretrain.stepz'; did you mean pretrain.steps?")]
    [InlineData("pretrain.steps=-5", "--set: pretrain.steps = -5 is not allowed")]
    [InlineData("pretrain.steps", "--set: 'pretrain.steps' is no key=value")]
    [InlineData("mix.alpha=0.001", "a number of at least 0.01 and at most 100")]
    public void A_mistake_in_a_set_option_is_told(string assignment, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Load("", assignment)).Message);

    [Theory]
    [InlineData("finetune { steps = 10, warm-up = 11 }", "finetune.warm-up = 11 is more than finetune.steps = 10")]
    [InlineData("pretrain { batch-size = 10, micro-batches = 3 }", "pretrain.micro-batches = 3 does not divide")]
    [InlineData("run.seeds = [1, 1]", "names a seed twice")]
    [InlineData("data {\n  validation = 0.2\n  group = \"(\"\n}", "my.conf:3: data.group: the pattern \"(\" is no regular expression (")]
    [InlineData("data.group = \"(?<!a)b\"", "my.conf:1: data.group: the pattern \"(?<!a)b\" may take for ever")]
    [InlineData("run.methods = [prayer]", "run.methods names prayer, which is no method; there are fine-tuning")]
    [InlineData("run.methods = [recadam]\nfinetune.learning-rate = 5e-4", "my.conf:2: finetune.learning-rate × recadam.pull × recadam.weight = 2.5 is above 2")]
    [InlineData("run.methods = [mine]\nmethods.mine { finetune.regulariser = recadam, recadam.pull = 1e5 }", "my.conf:2: finetune.learning-rate × recadam.pull × recadam.weight = 10 is above 2")]
    [InlineData("distill.target = weights", "my.conf:1: distill.target = weights needs distill.regulariser = l2 or mars")]
    [InlineData("distill.regulariser = l2", "distill.regulariser is for distill.target = weights")]
    [InlineData("replay.ratio = 0.2", "my.conf:1: replay.ratio above 0 needs samples of the source domain; set replay.source or source.data")]
    [InlineData("mix { kind = cutmix, scope = source }", "mix.scope = source needs samples of the source domain")]
    [InlineData("supcon.weight = 1\nfinetune.micro-batches = 2", "my.conf:2: supcon.weight above 0 needs finetune.micro-batches = 1")]
    [InlineData("supcon.weight = 1\nfinetune.batch-size = 1", "my.conf:2: supcon.weight above 0 needs finetune.batch-size = 2 or more")]
    [InlineData("supcon.weight = 1\nr3f.weight = 1", "r3f.weight and supcon.weight exclude each other")]
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
        RunConfiguration configuration = Load("run { seeds = [3, 4], methods = [self-distillation] }\ndata.train = \"a \\\\ \\\"b\\\"\"\nmodel.mask-ratio = 0.6\n"
            + "methods.mine-0.5 { distill.mae-weight = 0.5, data.unlabelled = \"c d\" }\nstudy { sweep { \"data.limit\" = [3, 4] }, datasets.x { data.train = \"e, f\" } }");
        string written = configuration.Render(Settings.Read(configuration, "first").Resolved, withOrigins: true);
        RunConfiguration again = RunConfiguration.Load([new ConfigurationText("written.conf", written)], []);
        Assert.Equal("first", again.Text("run.name"));
        Assert.Equal("a \\ \"b\"", again.Text("data.train"));
        Assert.Equal("c d", again.ForMethod("mine-0.5").Text("data.unlabelled"));
        Assert.Equal("e, f", again.Study.DataSets[0].Configuration.Text("data.train"));
        Assert.Equal(["3", "4"], again.Study.Sweep[0].Values);
        Assert.Equal(written.Split('\n').Select(Value), again.Render(new Dictionary<string, string>(), withOrigins: false).Split('\n'));

        static string Value(string line) => line.Split("  #")[0];
    }

    [Fact]
    public void A_method_is_a_name_and_the_keys_that_differ()
    {
        RunConfiguration configuration = Load("methods { mine { distill { mae-weight = 0.5, rounds = 2 } }, mae-0.3 { distill.mae-weight = 0.3 } }\nmethods.mars.mars.radius = 2\npretrain.steps = 7",
            "methods.mine.distill.mae-weight=0.1");
        Assert.Equal(["mine", "mae-0.3"], configuration.MethodNames.TakeLast(2));
        RunConfiguration mine = configuration.ForMethod("mine");
        Assert.Equal((0.1, 2, 7), (mine.Number("distill.mae-weight"), mine.Integer("distill.rounds"), mine.Integer("pretrain.steps")));
        Assert.Equal(("--set", "my.conf:1"), (mine.Origin("distill.mae-weight"), mine.Origin("distill.rounds")));
        Assert.Equal(0.3, configuration.ForMethod("mae-0.3").Number("distill.mae-weight"));
        Assert.Equal((2, 10), (configuration.ForMethod("mars").Number("mars.radius"), configuration.ForMethod("mars").Number("mars.head-radius")));
        Assert.Equal(1, configuration.Number("distill.mae-weight"));
    }

    [Fact]
    public void What_a_method_sets_wins_over_a_sweep_and_that_over_a_data_set()
    {
        RunConfiguration configuration = Load("study.datasets.a { distill { mae-weight = 0.5, rounds = 3, steps = 5 } }");
        RunConfiguration cell = configuration.Study.DataSets[0].Configuration.With(["distill.mae-weight=0.7", "distill.rounds=2"], "here").ForMethod("without-mae");
        Assert.Equal((0, 2, 5), (cell.Number("distill.mae-weight"), cell.Integer("distill.rounds"), cell.Integer("distill.steps")));
        Assert.Equal("here", cell.Origin("distill.rounds"));
    }

    [Fact]
    public void A_study_names_data_sets_and_the_values_it_goes_through()
    {
        StudyDefinition study = Load("""
            data.train = base
            study {
              results = kept
              parallel = 2
              datasets {
                xray { data.train = x }
                cifar-10 { data { train = c, limit = 9 } }
              }
              sweep {
                "data.limit" = [100, 200]
                distill.mae-weight = [1, 0.5]
                data.flip = [on, off]
              }
            }
            """).Study;
        Assert.Equal(["xray", "cifar-10"], study.DataSets.Select(data => data.Name));
        Assert.Equal(["x", "c"], study.DataSets.Select(data => data.Configuration.Text("data.train")));
        Assert.Equal([0, 9], study.DataSets.Select(data => data.Configuration.Integer("data.limit")));
        Assert.Equal(["data.limit = 100, 200", "distill.mae-weight = 1, 0.5", "data.flip = on, off"], study.Sweep.Select(swept => $"{swept.Key} = {string.Join(", ", swept.Values)}"));
        Assert.Equal("my.conf:10", study.Sweep[0].Origin);
        Assert.Equal(("kept", "runs/stages", 2), (study.Results, study.Stages, study.Parallel));
    }

    [Fact]
    public void Without_a_section_of_its_own_a_study_has_one_data_set()
    {
        StudyDefinition study = Load("data.train = base").Study;
        Assert.Equal((StudyDefinition.OnlyDataSet, "base"), (Assert.Single(study.DataSets).Name, study.DataSets[0].Configuration.Text("data.train")));
        Assert.Empty(study.Sweep);
        Assert.Contains("my.conf:1: study.sweep.data.limit names a value twice", Assert.Throws<ConfigurationException>(() => Load("study.sweep.data.limit = [1, 1]").Study).Message);
    }

    private string Write(string name, string text) => _workspace.Write(name, text);

    private static RunConfiguration LoadFile(string path, params string[] assignments) => RunConfiguration.Load([RunConfiguration.File(path)], assignments);

    private static RunConfiguration Load(string text, params string[] assignments) =>
        RunConfiguration.Load([new ConfigurationText("my.conf", text)], assignments);
}
