using System.Text.Json;

namespace Spillway.Core.Placement.Reading;

internal static class AffinityReader
{
    public static void Read(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterObject(ref reader)) return;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("nodeAffinity"u8)) ReadNodeAffinity(ref reader, draft);
            else if (reader.ValueTextEquals("podAffinity"u8))
                ReadPodAffinity(ref reader, draft.Affinity, draft.PreferredAffinity);
            else if (reader.ValueTextEquals("podAntiAffinity"u8))
                ReadPodAffinity(ref reader, draft.AntiAffinity, draft.PreferredAntiAffinity);
            else JsonText.SkipValue(ref reader);
        }
    }

    private static void ReadNodeAffinity(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterObject(ref reader)) return;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("requiredDuringSchedulingIgnoredDuringExecution"u8))
                draft.NodeTerms = ReadNodeSelector(ref reader);
            else if (reader.ValueTextEquals("preferredDuringSchedulingIgnoredDuringExecution"u8))
                draft.PreferredNodeTerms = ReadPreferredNodeTerms(ref reader);
            else JsonText.SkipValue(ref reader);
        }
    }

    /// <summary>Reads a `nodeSelector` of terms, as node affinity, volumes and storage classes hold them; null for null.</summary>
    public static ValueList<NodeSelectorTerm>? ReadNodeSelector(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterObject(ref reader)) return null;
        ValueList<NodeSelectorTerm> terms = [];
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("nodeSelectorTerms"u8)) terms = ReadNodeTerms(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        return terms;
    }

    /// <summary>Reads `allowedTopologies`: alternatives, each a list of labels with the values they may have.</summary>
    public static ValueList<NodeSelectorTerm> ReadTopologies(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterArray(ref reader)) return [];
        var terms = new List<NodeSelectorTerm>();
        while (JsonText.NextItem(ref reader))
        {
            ValueList<LabelRequirement> expressions = [];
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("matchLabelExpressions"u8)) expressions = ReadExpressions(ref reader);
                else JsonText.SkipValue(ref reader);
            }
            terms.Add(new NodeSelectorTerm(expressions, []));
        }
        return terms.ToValueList();
    }

    private static ValueList<NodeSelectorTerm> ReadNodeTerms(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterArray(ref reader)) return [];
        var terms = new List<NodeSelectorTerm>();
        while (JsonText.NextItem(ref reader)) terms.Add(ReadNodeTerm(ref reader));
        return terms.ToValueList();
    }

    private static NodeSelectorTerm ReadNodeTerm(ref Utf8JsonReader reader)
    {
        ValueList<LabelRequirement> expressions = [], fields = [];
        if (!JsonText.IsObject(ref reader)) return new NodeSelectorTerm(expressions, fields);
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("matchExpressions"u8)) expressions = ReadExpressions(ref reader);
            else if (reader.ValueTextEquals("matchFields"u8)) fields = ReadExpressions(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        return new NodeSelectorTerm(expressions, fields);
    }

    private static ValueList<PreferredNodeTerm> ReadPreferredNodeTerms(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterArray(ref reader)) return [];
        var terms = new List<PreferredNodeTerm>();
        while (JsonText.NextItem(ref reader))
        {
            var weight = 0;
            NodeSelectorTerm? preference = null;
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("weight"u8)) weight = JsonText.Int(ref reader, whenNull: 0);
                else if (reader.ValueTextEquals("preference"u8))
                {
                    reader.Read();
                    preference = ReadNodeTerm(ref reader);
                }
                else JsonText.SkipValue(ref reader);
            }
            if (preference is not null) terms.Add(new PreferredNodeTerm(weight, preference));
        }
        return terms.ToValueList();
    }

    private static void ReadPodAffinity(ref Utf8JsonReader reader, List<TermDraft> required, List<TermDraft> preferred)
    {
        if (!JsonText.EnterObject(ref reader)) return;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("requiredDuringSchedulingIgnoredDuringExecution"u8))
            {
                if (!JsonText.EnterArray(ref reader)) continue;
                while (JsonText.NextItem(ref reader)) required.Add(ReadTerm(ref reader, new TermDraft()));
            }
            else if (reader.ValueTextEquals("preferredDuringSchedulingIgnoredDuringExecution"u8))
            {
                if (!JsonText.EnterArray(ref reader)) continue;
                while (JsonText.NextItem(ref reader)) preferred.Add(ReadWeightedTerm(ref reader));
            }
            else JsonText.SkipValue(ref reader);
        }
    }

    private static TermDraft ReadWeightedTerm(ref Utf8JsonReader reader)
    {
        var term = new TermDraft();
        if (!JsonText.IsObject(ref reader)) return term;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("weight"u8)) term.Weight = JsonText.Int(ref reader, whenNull: 0);
            else if (reader.ValueTextEquals("podAffinityTerm"u8))
            {
                reader.Read();
                ReadTerm(ref reader, term);
            }
            else JsonText.SkipValue(ref reader);
        }
        return term;
    }

    private static TermDraft ReadTerm(ref Utf8JsonReader reader, TermDraft term)
    {
        if (!JsonText.IsObject(ref reader)) return term;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("topologyKey"u8)) term.TopologyKey = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("labelSelector"u8))
                term.Selector = ReadSelector(ref reader) ?? LabelSelector.Nothing;
            else if (reader.ValueTextEquals("namespaces"u8)) term.Namespaces = JsonText.Texts(ref reader);
            else if (reader.ValueTextEquals("namespaceSelector"u8)) term.NamespaceSelector = ReadSelector(ref reader);
            else if (reader.ValueTextEquals("matchLabelKeys"u8)) term.MatchLabelKeys = JsonText.Texts(ref reader);
            else if (reader.ValueTextEquals("mismatchLabelKeys"u8)) term.MismatchLabelKeys = JsonText.Texts(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        return term;
    }

    /// <summary>Reads a label selector; null for null, and everything for an empty one, as Kubernetes distinguishes them.</summary>
    public static LabelSelector? ReadSelector(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterObject(ref reader)) return null;
        var requirements = new List<LabelRequirement>();
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("matchLabels"u8))
            {
                foreach (var (key, value) in JsonText.Labels(ref reader))
                    requirements.Add(new LabelRequirement(key, SelectorOperator.In, [value]));
            }
            else if (reader.ValueTextEquals("matchExpressions"u8)) requirements.AddRange(ReadExpressions(ref reader));
            else JsonText.SkipValue(ref reader);
        }
        return requirements.Count == 0 ? LabelSelector.Everything : new LabelSelector(requirements.ToValueList());
    }

    private static ValueList<LabelRequirement> ReadExpressions(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterArray(ref reader)) return [];
        var expressions = new List<LabelRequirement>();
        while (JsonText.NextItem(ref reader))
        {
            string key = "", operation = "";
            ValueList<string> values = [];
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("key"u8)) key = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("operator"u8)) operation = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("values"u8)) values = JsonText.Texts(ref reader);
                else JsonText.SkipValue(ref reader);
            }
            expressions.Add(new LabelRequirement(key, OperatorNamed(operation), values));
        }
        return expressions.ToValueList();
    }

    private static SelectorOperator OperatorNamed(string name) => name switch
    {
        // Storage classes list values without an operator, and mean In.
        "" or "In" => SelectorOperator.In,
        "NotIn" => SelectorOperator.NotIn,
        "Exists" => SelectorOperator.Exists,
        "DoesNotExist" => SelectorOperator.DoesNotExist,
        "Gt" => SelectorOperator.Gt,
        "Lt" => SelectorOperator.Lt,
        _ => throw new FormatException(
            $"'{name}' is not an operator of a selector; use In, NotIn, Exists, DoesNotExist, Gt or Lt."),
    };
}
