using System.Text;

namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>How a field is encoded.</summary>
internal enum WireForm { Text, Flag, Whole, Real, Bytes, Message }

/// <summary>Messages that look different in JSON than field by field.</summary>
internal enum WireShape { Fields, Time, MicroTime, Duration, Quantity, IntOrString, RawJson, List, Union }

/// <summary>One field of a message.</summary>
internal sealed class WireField(int number, string name, WireForm form)
{
    public int Number => number;

    /// <summary>The name in JSON.</summary>
    public string Name => name;

    public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(name);

    public WireForm Form => form;

    public bool IsRepeated { get; init; }

    /// <summary>A map from strings; the form is the one of its values.</summary>
    public bool IsMap { get; init; }

    public WireMessage? Message { get; init; }

    /// <summary>True for an embedded struct: a message of its own on the wire, part of its owner in JSON.</summary>
    public bool IsInline { get; set; }

    /// <summary>Numbers of the embedded structs around the field, outermost first.</summary>
    public int[] Around { get; init; } = [];

    /// <summary>The same field, seen from the message that embeds its owner.</summary>
    public WireField Within(int outer) => new(number, name, form)
    {
        IsRepeated = IsRepeated, IsMap = IsMap, Message = Message, Around = [outer, .. Around],
    };
}

/// <summary>One message: its fields by number for reading, by JSON name for writing.</summary>
internal sealed class WireMessage(string name, WireShape shape)
{
    private WireField?[] _byNumber = [];
    private WireField[] _byName = [];

    public string Name => name;

    public WireShape Shape => shape;

    /// <summary>Fields as declared; filled while the table is read.</summary>
    public List<WireField> Declared { get; } = [];

    /// <summary>Names that JSON may hold, those of embedded structs among them.</summary>
    public IReadOnlyList<WireField> Named => _byName;

    public WireField? Find(int number) => number < _byNumber.Length ? _byNumber[number] : null;

    /// <summary>Looks a name up, starting behind the last one found: objects mostly list their fields in order.</summary>
    public WireField? Find(ReadOnlySpan<byte> utf8Name, ref int next)
    {
        for (var i = 0; i < _byName.Length; i++)
        {
            if (next >= _byName.Length) next = 0;
            var field = _byName[next++];
            if (utf8Name.SequenceEqual(field.Utf8Name)) return field;
        }
        return null;
    }

    /// <summary>Makes the look-ups when all messages are read.</summary>
    public void Complete()
    {
        var highest = 0;
        foreach (var field in Declared) highest = Math.Max(highest, field.Number);
        _byNumber = new WireField?[highest + 1];
        foreach (var field in Declared) _byNumber[field.Number] = field;
        var named = new List<WireField>();
        Gather(named);
        named.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        _byName = [.. named];
    }

    private void Gather(List<WireField> into)
    {
        foreach (var field in Declared)
        {
            if (!field.IsInline)
            {
                into.Add(field);
                continue;
            }
            var inner = new List<WireField>();
            field.Message!.Gather(inner);
            foreach (var part in inner) into.Add(part.Within(field.Number));
        }
    }
}
