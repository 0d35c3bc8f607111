using System.Linq.Expressions;
using System.Reflection;

namespace MessagePack.Formatters;

/// <summary>A contract as an array of its members by key. Getters and the construction are compiled once per type.</summary>
internal sealed class ObjectFormatter<T> : IMessagePackFormatter<T?>
{
    private readonly Member?[] _members = FindMembers(); // by key; a gap is null
    private readonly Construct _create;

    public ObjectFormatter() => _create = CompileConstruction(_members);

    private delegate T Construct(object?[] values, int count);

    public void Serialize(ref MessagePackWriter writer, T? value, MessagePackSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNil();
            return;
        }

        writer.CancellationToken.ThrowIfCancellationRequested();
        writer.WriteArrayHeader(_members.Length);
        foreach (Member? member in _members)
        {
            if (member is null)
            {
                writer.WriteNil();
            }
            else
            {
                member.Serialize(ref writer, value, options);
            }
        }
    }

    public T? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        if (reader.TryReadNil())
        {
            return default(T) is null
                ? default
                : throw new MessagePackSerializationException($"Nil was read where a {typeof(T).FullName} was expected.");
        }

        reader.CancellationToken.ThrowIfCancellationRequested();
        int count = reader.ReadArrayHeader();
        options.Security.DepthStep(ref reader);
        reader.CountMissing(Math.Max(0, _members.Length - count));
        var values = new object?[_members.Length];
        for (int key = 0; key < count; key++)
        {
            if (key < _members.Length && _members[key] is Member member)
            {
                values[key] = member.Deserialize(ref reader, options);
            }
            else
            {
                reader.Skip();
            }
        }

        reader.Depth--;
        return _create(values, count);
    }

    private static Member?[] FindMembers()
    {
        const BindingFlags Public = BindingFlags.Instance | BindingFlags.Public;
        var members = new SortedDictionary<int, Member>();
        IEnumerable<MemberInfo> candidates = typeof(T).GetProperties(Public).Where(property => property.GetIndexParameters().Length == 0);
        foreach (MemberInfo info in candidates.Concat(typeof(T).GetFields(Public)))
        {
            if (info.IsDefined(typeof(IgnoreMemberAttribute)))
            {
                continue;
            }

            if (info.GetCustomAttribute<KeyAttribute>()?.IntKey is not int key)
            {
                throw new MessagePackSerializationException($"{typeof(T).FullName}.{info.Name} needs a [Key] or an [IgnoreMember].");
            }

            Type type = info is PropertyInfo property ? property.PropertyType : ((FieldInfo)info).FieldType;
            var member = (Member)Activator.CreateInstance(typeof(Member<>).MakeGenericType(typeof(T), type), info)!;
            if (!members.TryAdd(key, member))
            {
                throw new MessagePackSerializationException($"{typeof(T).FullName} uses key {key} twice.");
            }
        }

        var byKey = new Member?[members.Count == 0 ? 0 : members.Keys.Max() + 1];
        foreach ((int key, Member member) in members)
        {
            byKey[key] = member;
        }

        return byKey;
    }

    /// <summary>
    /// The constructor takes the members in key order (its n-th parameter is the n-th member); what it does not take is set
    /// afterwards, unless the bytes end before that key: then the member keeps its initial value.
    /// </summary>
    private static Construct CompileConstruction(Member?[] members)
    {
        (int Key, Member Member)[] inOrder = [.. members.Index().Where(pair => pair.Item is not null).Select(pair => (pair.Index, pair.Item!))];
        ParameterExpression values = Expression.Parameter(typeof(object?[]));
        ParameterExpression count = Expression.Parameter(typeof(int));
        ParameterExpression result = Expression.Variable(typeof(T));

        ConstructorInfo? constructor = FindConstructor([.. inOrder.Select(pair => pair.Member.Type)]);
        ParameterInfo[] parameters = constructor?.GetParameters() ?? [];
        var body = new List<Expression>
        {
            Expression.Assign(result, constructor is null
                ? Expression.Default(typeof(T))
                : Expression.New(constructor, parameters.Select((parameter, i) => Expression.Convert(Value(i), parameter.ParameterType)))),
        };
        for (int i = parameters.Length; i < inOrder.Length; i++)
        {
            MemberExpression target = Expression.MakeMemberAccess(result, inOrder[i].Member.Info);
            if (inOrder[i].Member.IsWritable)
            {
                body.Add(Expression.IfThen(Expression.LessThan(Expression.Constant(inOrder[i].Key), count), Expression.Assign(target, Value(i))));
            }
        }

        body.Add(result);
        return Expression.Lambda<Construct>(Expression.Block([result], body), values, count).Compile();

        Expression Value(int i)
        {
            Type type = inOrder[i].Member.Type;
            Expression value = Expression.ArrayIndex(values, Expression.Constant(inOrder[i].Key));
            return Expression.Condition(
                Expression.ReferenceEqual(value, Expression.Constant(null)), Expression.Default(type), Expression.Convert(value, type));
        }
    }

    private static ConstructorInfo? FindConstructor(Type[] memberTypes)
    {
        ConstructorInfo[] all = typeof(T).GetConstructors();
        IEnumerable<ConstructorInfo> candidates = all.Where(one => one.IsDefined(typeof(SerializationConstructorAttribute))) is var marked && marked.Any()
            ? marked
            : all.OrderByDescending(one => one.GetParameters().Length);
        ConstructorInfo? found = candidates.FirstOrDefault(one =>
            one.GetParameters() is var parameters
            && parameters.Length <= memberTypes.Length
            && parameters.Zip(memberTypes).All(pair => pair.First.ParameterType.IsAssignableFrom(pair.Second)));
        return found is null && !typeof(T).IsValueType
            ? throw new MessagePackSerializationException($"{typeof(T).FullName} has no public constructor whose parameters are its members in key order.")
            : found;
    }

    private abstract class Member(MemberInfo info, Type type)
    {
        public MemberInfo Info => info;

        public Type Type => type;

        public bool IsWritable => info is PropertyInfo property ? property.SetMethod?.IsPublic == true : !((FieldInfo)info).IsInitOnly;

        public abstract void Serialize(ref MessagePackWriter writer, T owner, MessagePackSerializerOptions options);

        public abstract object? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options);
    }

    private sealed class Member<TValue>(MemberInfo info) : Member(info, typeof(TValue))
    {
        private readonly Func<T, TValue> _get = CompileGetter(info);

        public override void Serialize(ref MessagePackWriter writer, T owner, MessagePackSerializerOptions options) =>
            Formatter.Of<TValue>().Serialize(ref writer, _get(owner), options);

        public override object? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
            Formatter.Of<TValue>().Deserialize(ref reader, options);

        private static Func<T, TValue> CompileGetter(MemberInfo info)
        {
            ParameterExpression owner = Expression.Parameter(typeof(T));
            return Expression.Lambda<Func<T, TValue>>(Expression.MakeMemberAccess(owner, info), owner).Compile();
        }
    }
}
