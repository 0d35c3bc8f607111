namespace ActorTrain.Actors;

/// <summary>A micro-batch that was trained more than once, because a student went back to a checkpoint.</summary>
/// <param name="Step">The step, from 0.</param>
/// <param name="Micro">Number within the step, from 0.</param>
/// <param name="Times">How often it was trained.</param>
/// <param name="SameBatch">Whether its bytes were the same each time.</param>
public sealed record RepeatedKey(long Step, int Micro, int Times, bool SameBatch);

/// <summary>What a stage's ledgers prove about its result.</summary>
/// <param name="Steps">Steps behind the result.</param>
/// <param name="MicroBatches">Micro-batches of a step.</param>
/// <param name="Students">How many students had a part in the stage.</param>
/// <param name="Line">The students that led to the result, the first one first: each trained the steps from its own on, up to the next one's.</param>
/// <param name="Faults">Sentences: keys of that line that were not trained exactly once, keys repeated with other bytes. Empty if all is well.</param>
/// <param name="Repeated">Keys that were trained more than once by all students together.</param>
public sealed record LedgerReport(long Steps, int MicroBatches, int Students, IReadOnlyList<(string Student, long FirstStep)> Line,
    IReadOnlyList<string> Faults, IReadOnlyList<RepeatedKey> Repeated)
{
    /// <summary>Whether every key was trained exactly once in the line that led to the result, and every repeated one on the same bytes.</summary>
    public bool Sound => Faults.Count == 0;

    /// <summary>Number of steps that were trained again after a restore.</summary>
    public long RepeatedSteps => Repeated.Select(key => key.Step).Distinct().LongCount();

    /// <summary>Reads the ledger of a stage.</summary>
    /// <param name="files">Its <c>ledger.jsonl</c>: of every node on which the stage was trained, in any order. Copies do no harm.</param>
    /// <exception cref="RunException">A file cannot be read, or no student has finished.</exception>
    public static LedgerReport Read(params IReadOnlyCollection<string> files)
    {
        var students = ReadStudents(files);
        if (students.Values.Where(student => student.Finished is not null).MaxBy(student => (student.Epoch, student.Finished)) is not { } last)
            throw new RunException($"No ledger of the stage ({string.Join(", ", files)}) tells of a student that finished; let the stage finish first.");
        List<string> faults = [];
        List<(string Student, long FirstStep)> line = [];
        Dictionary<(long Step, int Micro), int> trained = [];
        long end = last.Finished!.Value;
        for (var student = last; ; student = students[student.RestoredFrom!])
        {
            line.Insert(0, (student.Name, student.RestoredTo));
            foreach (var (step, micro, _) in student.Keys.Where(key => key.Step >= student.RestoredTo && key.Step < end))
                trained[(step, micro)] = trained.GetValueOrDefault((step, micro)) + 1;
            end = student.RestoredTo;
            if (end == 0)
                break;
            if (student.RestoredFrom is not { } former || !students.ContainsKey(former) || line.Exists(earlier => earlier.Student == former))
            {
                faults.Add($"Student {student.Name} went on from step {end} of student {student.RestoredFrom}, of which the ledgers tell nothing.");
                break;
            }
        }
        long steps = last.Finished.Value;
        int microBatches = students.Values.SelectMany(student => student.Keys).Select(key => key.Micro + 1).DefaultIfEmpty(0).Max();
        for (long step = end; step < steps; step++)
        {
            for (int micro = 0; micro < Math.Max(1, microBatches); micro++)
            {
                if (trained.GetValueOrDefault((step, micro)) is var times and not 1)
                    faults.Add($"Micro-batch {micro} of step {step} was trained {times} times in the line that led to the result.");
            }
        }
        var repeated = Repetitions(students.Values);
        faults.AddRange(repeated.Where(key => !key.SameBatch)
            .Select(key => $"Micro-batch {key.Micro} of step {key.Step} was trained {key.Times} times, and not on the same bytes."));
        return new LedgerReport(steps, microBatches, students.Count, line, faults, repeated);
    }

    private static List<RepeatedKey> Repetitions(IEnumerable<Student> students) =>
        [.. students.SelectMany(student => student.Keys).GroupBy(key => (key.Step, key.Micro)).Where(group => group.Count() > 1)
            .Select(group => new RepeatedKey(group.Key.Step, group.Key.Micro, group.Count(), group.DistinctBy(key => key.Batch).Count() == 1))
            .OrderBy(key => (key.Step, key.Micro))];

    private static Dictionary<string, Student> ReadStudents(IReadOnlyCollection<string> files)
    {
        Dictionary<string, Student> students = [];
        foreach (string file in files)
        {
            // A student writes to one file only; the same student in another file is a copy, of which the longer one counts.
            Dictionary<string, Student> here = [];
            try
            {
                foreach (var line in TrainingLedger.Read(file))
                {
                    if (!here.TryGetValue(line.Student, out var student))
                        here[line.Student] = student = new Student(line.Student, line.Epoch);
                    student.Add(line);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new RunException($"{file} cannot be read ({error.Message.TrimEnd('.')}); restore it or correct its rights.", error);
            }
            foreach (var (name, student) in here)
            {
                if (!students.TryGetValue(name, out var other) || other.Lines < student.Lines)
                    students[name] = student;
            }
        }
        return students;
    }

    private sealed class Student(string name, long epoch)
    {
        public string Name => name;

        public long Epoch => epoch;

        public int Lines { get; private set; }

        public long RestoredTo { get; private set; }

        public string? RestoredFrom { get; private set; }

        public long? Finished { get; private set; }

        public List<(long Step, int Micro, string? Batch)> Keys { get; } = [];

        public void Add(LedgerLine line)
        {
            Lines++;
            if (line.RestoredTo is { } step)
                (RestoredTo, RestoredFrom) = (step, line.RestoredFrom);
            if (line.Finished is { } steps)
                Finished = steps;
            if (line is { Step: { } trained, Micro: { } micro })
                Keys.Add((trained, micro, line.Batch));
        }
    }
}
