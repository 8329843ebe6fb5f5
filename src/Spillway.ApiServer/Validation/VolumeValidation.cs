using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks the volumes of a pod and how its containers mount them.</summary>
internal static class VolumeValidation
{
    /// <summary>Returns the names of the volumes, for the mounts.</summary>
    public static HashSet<string> Volumes(JsonObject spec, string path, Complaints to)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var volume in spec.Objects("volumes"))
        {
            var at = $"{path}[{++i}]";
            var before = to.Errors.Count;
            Source(volume, at, to);
            var name = volume.Text("name") ?? "";
            if (name.Length == 0) to.Required(at + ".name");
            else to.Invalid(at + ".name", name, Names.DnsLabel(name));
            if (names.Contains(name) && name.Length > 0) to.Duplicate(at + ".name", name);
            if (to.Errors.Count == before || name.Length > 0) names.Add(name);
        }
        return names;
    }

    public static void Mounts(JsonObject container, string at, HashSet<string> volumes, Complaints to)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var mount in container.Objects("volumeMounts"))
        {
            var path = $"{at}.volumeMounts[{++i}]";
            var name = mount.Text("name") ?? "";
            if (name.Length == 0) to.Required(path + ".name");
            else if (!volumes.Contains(name)) to.NotFound(path + ".name", name);
            var target = mount.Text("mountPath") ?? "";
            if (target.Length == 0) to.Required(path + ".mountPath");
            else if (!paths.Add(target)) to.Invalid(path + ".mountPath", target, "must be unique");
            if (mount.Text("subPath") is { Length: > 0 } sub) Descending(sub, path + ".subPath", to);
            if (mount.Text("subPath") is { Length: > 0 } && mount.Text("subPathExpr") is { Length: > 0 } expression)
                to.Invalid(path + ".subPathExpr", expression, "subPathExpr and subPath are mutually exclusive");
        }
        i = -1;
        foreach (var device in container.Objects("volumeDevices"))
        {
            var path = $"{at}.volumeDevices[{++i}]";
            var name = device.Text("name") ?? "";
            if (name.Length == 0) to.Required(path + ".name");
            else if (!volumes.Contains(name)) to.NotFound(path + ".name", name);
            if (device.Text("devicePath") is not { Length: > 0 }) to.Required(path + ".devicePath");
        }
    }

    private static void Source(JsonObject volume, string at, Complaints to)
    {
        var count = 0;
        foreach (var (kind, node) in volume)
        {
            if (kind == "name" || node is not JsonObject source) continue;
            if (++count > 1)
            {
                to.Forbidden($"{at}.{kind}", "may not specify more than 1 volume type");
                continue;
            }
            One(kind, source, $"{at}.{kind}", to);
        }
        if (count == 0) to.Required(at, "must specify a volume type");
    }

    private static void One(string kind, JsonObject source, string path, Complaints to)
    {
        switch (kind)
        {
            case "secret":
                if (source.Text("secretName") is not { Length: > 0 }) to.Required(path + ".secretName");
                Mode(source, path, to);
                Items(source, path, to);
                break;
            case "configMap":
                if (source.Text("name") is not { Length: > 0 }) to.Required(path + ".name");
                Mode(source, path, to);
                Items(source, path, to);
                break;
            case "hostPath":
                if (source.Text("path") is not { Length: > 0 } host) to.Required(path + ".path");
                else if (host.Split('/').Contains("..")) to.Invalid(path + ".path", host, "must not contain '..'");
                to.OneOf(path + ".type", source.Text("type") ?? "", "", "BlockDevice", "CharDevice", "Directory",
                    "DirectoryOrCreate", "File", "FileOrCreate", "Socket");
                break;
            case "persistentVolumeClaim":
                if (source.Text("claimName") is not { Length: > 0 }) to.Required(path + ".claimName");
                break;
            case "nfs":
                if (source.Text("server") is not { Length: > 0 }) to.Required(path + ".server");
                if (source.Text("path") is not { Length: > 0 } export) to.Required(path + ".path");
                else if (export[0] != '/') to.Invalid(path + ".path", export, "must be an absolute path");
                break;
            case "csi":
                if (source.Text("driver") is not { Length: > 0 }) to.Required(path + ".driver");
                break;
            case "emptyDir":
                if (Quantity.TryParse(source.Text("sizeLimit") ?? "", out var size) && size.Sign < 0)
                    to.Forbidden(path + ".sizeLimit", "SizeLimit field must be a valid resource quantity");
                break;
            case "projected": Mode(source, path, to); break;
        }
    }

    private static void Mode(JsonObject source, string path, Complaints to)
    {
        if (source.Number("defaultMode") is < 0 or > 511)
            to.Invalid(path + ".defaultMode", source["defaultMode"]!.DeepClone(),
                "must be a number between 0 and 0777 (octal), both inclusive");
    }

    private static void Items(JsonObject source, string path, Complaints to)
    {
        var i = -1;
        foreach (var item in source.Objects("items"))
        {
            var at = $"{path}.items[{++i}]";
            if (item.Text("key") is not { Length: > 0 }) to.Required(at + ".key");
            if (item.Text("path") is not { Length: > 0 } target) to.Required(at + ".path");
            else Descending(target, at + ".path", to);
        }
    }

    private static void Descending(string value, string path, Complaints to)
    {
        if (value[0] == '/') to.Invalid(path, value, "must be a relative path");
        if (value.Split('/').Contains("..")) to.Invalid(path, value, "must not contain '..'");
    }
}
