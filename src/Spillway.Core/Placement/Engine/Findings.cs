namespace Spillway.Core.Placement.Engine;

/// <summary>Refusals of single nodes, put together by reason and by equal numbers.</summary>
internal sealed class Findings
{
    private readonly Dictionary<(ReasonCode, string), Group> groups = [];
    private readonly List<Group> inOrder = [];

    /// <param name="node">The node that refuses.</param>
    /// <param name="code">The kind of reason.</param>
    /// <param name="text">The scheduler's words.</param>
    /// <param name="detail">What is true of the node; `{0}` stands for the nodes, or they go in front.</param>
    /// <param name="help">What would change the answer.</param>
    /// <param name="resource">The resource that is short.</param>
    public void Add(string node, ReasonCode code, string text, string detail, string help, string resource = "")
    {
        if (!groups.TryGetValue((code, text), out var group))
        {
            group = new Group(code, text, resource);
            groups.Add((code, text), group);
            inOrder.Add(group);
        }
        group.Nodes.Add(node);
        if (!group.ByDetail.TryGetValue(detail, out var names)) group.ByDetail.Add(detail, names = []);
        names.Add(node);
        if (!group.ByHelp.TryGetValue(help, out var helped)) group.ByHelp.Add(help, helped = []);
        helped.Add(node);
    }

    public ValueList<PlacementReason> ToReasons() => inOrder.Select(group => new PlacementReason(
        group.Code, group.Text, group.Nodes.ToValueList(),
        group.ByDetail.Select(item => Fill(item.Key, item.Value, namesFirst: true)).ToValueList(),
        group.ByHelp.OrderByDescending(item => item.Value.Count)
            .Select(item => Fill(item.Key, item.Value, namesFirst: false)).First(),
        group.Resource)).ToValueList();

    private static string Fill(string text, List<string> nodes, bool namesFirst)
    {
        var names = PlacementExplanation.Few(nodes);
        if (nodes.Count > 1) names = "each of " + names;
        if (text.Contains("{0}")) return text.Replace("{0}", names);
        return namesFirst ? $"{names} {text}" : text;
    }

    private sealed class Group(ReasonCode code, string text, string resource)
    {
        public ReasonCode Code { get; } = code;

        public string Text { get; } = text;

        public string Resource { get; } = resource;

        public List<string> Nodes { get; } = [];

        // Insertion order: nodes come in name order, so details do as well.
        public Dictionary<string, List<string>> ByDetail { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, List<string>> ByHelp { get; } = new(StringComparer.Ordinal);
    }
}
