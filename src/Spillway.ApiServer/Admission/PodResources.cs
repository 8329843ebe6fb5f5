using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>What a whole pod asks for, as the scheduler and quotas count it.</summary>
internal static class PodResources
{
    public static SortedDictionary<string, Quantity> Read(JsonObject? amounts)
    {
        var read = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var (name, value) in amounts ?? [])
        {
            var text = value.AsText() ?? value?.ToJsonString();
            if (text is not null && Quantity.TryParse(text, out var quantity)) read[name] = quantity;
        }

        return read;
    }

    /// <summary>
    /// Containers together, or the init container that asks for most while the side-cars before it run; overhead on top.
    /// </summary>
    public static SortedDictionary<string, Quantity> Sum(JsonObject spec, string field)
    {
        var total = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Objects("containers")) Add(total, Read(container.Map("resources")?.Map(field)));
        var sideCars = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        var peak = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Objects("initContainers"))
        {
            var asked = Read(container.Map("resources")?.Map(field));
            if (container.Text("restartPolicy") == "Always")
            {
                Add(total, asked);
                Add(sideCars, asked);
                Raise(peak, sideCars);
                continue;
            }

            Add(asked, sideCars);
            Raise(peak, asked);
        }

        Raise(total, peak);
        // A pod-level amount stands for the sum of its containers.
        foreach (var (name, value) in Read(spec.Map("resources")?.Map(field))) total[name] = value;
        foreach (var (name, value) in Read(spec.Map("overhead")))
        {
            if (field == "requests" || total.ContainsKey(name)) total[name] = total.GetValueOrDefault(name) + value;
        }

        return total;
    }

    private static void Add(SortedDictionary<string, Quantity> into, SortedDictionary<string, Quantity> more)
    {
        foreach (var (name, value) in more) into[name] = into.TryGetValue(name, out var had) ? had + value : value;
    }

    private static void Raise(SortedDictionary<string, Quantity> into, SortedDictionary<string, Quantity> other)
    {
        foreach (var (name, value) in other)
        {
            if (!into.TryGetValue(name, out var had) || had < value) into[name] = value;
        }
    }
}
