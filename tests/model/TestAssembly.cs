// libtorch's random generator, which dropout draws from, is one for the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
