using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ActorTrain.Host.Commands;

/// <summary>All commands of the program.</summary>
public static class CommandTree
{
    /// <summary>Builds them.</summary>
    public static RootCommand Build()
    {
        var root = new RootCommand("Adapts a pre-trained transformer to your images or texts: further pre-training, self-distillation, fine-tuning, evaluation.")
        {
            RunCommands.Demo(),
            RunCommands.Run(),
            StudyCommand.Study(),
            ReportCommand.Report(),
            StageCommands.Pretrain(),
            StageCommands.Distill(),
            StageCommands.Finetune(),
            StageCommands.Evaluate(),
            NodeCommand.Node(),
            Group("cluster", "Look after a cluster that runs.", ClusterCommands.Status(), ClusterCommands.Leave(), ClusterCommands.Down(), ClusterCommands.Secret()),
            ChaosCommand.Chaos(),
            TheoryCommand.Theory(),
            Group("data", "Look at, index or make data.", DataCommands.Inspect(), DataCommands.Index(), DataCommands.Make()),
            Group("model", "Look at models.", ModelCommands.Inspect()),
            Group("tokenizer", "Make tokenizers.", TokenizerCommands.Train()),
            Group("config", "Look at configurations.", ConfigCommands.Show()),
        };
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    private static Command Group(string name, string description, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (Command command in commands)
            group.Add(command);
        group.SetAction(parsed => new HelpAction().Invoke(parsed));
        return group;
    }

    /// <summary>The usual help, followed by examples of the command.</summary>
    private sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            int exitCode = usual.Invoke(parseResult);
            string[] examples = Examples(parseResult.CommandResult.Command.Name);
            if (examples.Length > 0)
            {
                Console.Out.WriteLine("Examples:");
                foreach (string example in examples)
                    Console.Out.WriteLine($"  {example}");
                Console.Out.WriteLine();
            }
            return exitCode;
        }

        private static string[] Examples(string command) => command switch
        {
            "demo" => ["./actortrain demo", "./actortrain demo --short --folder /tmp/demo"],
            "run" =>
            [
                "./actortrain run hocon/xray.conf",
                "./actortrain run hocon/xray.conf --set run.seeds=0,1 --set finetune.steps=200 --folder runs/quick",
                "./actortrain run my.conf --set run.methods=fine-tuning,mars,self-distillation,mine --set methods.mine.distill.rounds=2",
                "./actortrain run my.conf --device cuda:0 --set run.autocast=bfloat16",
                "./actortrain run hocon/xray.conf --nodes 4",
                "./actortrain run my.conf --nodes 1 --listen 192.168.0.7:4711 --roles coordinator,student,evaluator",
            ],
            "study" =>
            [
                "./actortrain study hocon/study-main.conf",
                "./actortrain study hocon/study-labels.conf --dry-run",
                "./actortrain study hocon/study-main.conf --set study.parallel=2",
                "./actortrain study hocon/study-main.conf --nodes 4",
            ],
            "report" => ["./actortrain report docs/results/xray", "./actortrain report runs/demo"],
            "node" => ["./actortrain node --roles data,teacher --join 192.168.0.7:4711"],
            "status" => ["./actortrain cluster status --join 192.168.0.7:4711", "./actortrain cluster status --folder runs/xray"],
            "leave" => ["./actortrain cluster leave 192.168.0.8:4711 --join 192.168.0.7:4711"],
            "down" => ["./actortrain cluster down 192.168.0.8:4711 --join 192.168.0.7:4711"],
            "secret" => ["./actortrain cluster secret"],
            "chaos" => ["./actortrain chaos hocon/xray.conf --kills 20 --seed 7"],
            "theory" => ["./actortrain theory", "./actortrain theory --lambda 0.1 --time 3 --datasets 100", "./actortrain theory --labels free --rounds 20"],
            "pretrain" => ["./actortrain pretrain --model vit-mae-base --data scans/ --steps 2000 --folder runs/teacher"],
            "distill" => ["./actortrain distill --model vit-mae-base --teacher runs/teacher/stages/pretrain/model --data scans/ --folder runs/student"],
            "finetune" => ["./actortrain finetune --model runs/student/stages/distill/model --data labelled/train --test labelled/test --folder runs/classifier"],
            "evaluate" => ["./actortrain evaluate --model runs/classifier/stages/finetune/model --data labelled/test"],
            "inspect" =>
            [
                "./actortrain data inspect ../shared/data/xray/train",
                "./actortrain data inspect notes.jsonl --tokenizer roberta-base",
                "./actortrain model inspect runs/classifier/stages/finetune/model",
            ],
            "index" => ["./actortrain data index \"shards/train-{000000..000009}.tar\""],
            "train" => ["./actortrain tokenizer train --vocab 8000 --out my-tokenizer \"notes-{00..09}.jsonl.gz\""],
            "make" => ["./actortrain data make /tmp/images"],
            "show" => ["./actortrain config show hocon/xray.conf --set run.threads=1"],
            "actortrain" => ["./actortrain demo", "./actortrain run hocon/xray.conf", "./actortrain config show"],
            _ => [],
        };
    }
}
