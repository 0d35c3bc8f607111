using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Akka.Actor;

namespace Akka.Remote;

/// <summary>The peer is not let in, or does not let us in; the message says why.</summary>
internal sealed class HandshakeException(string message) : Exception(message);

/// <summary>What the side that opens a connection says about itself.</summary>
internal sealed record Introduction(bool Control, int Uid, Address From, Address To);

internal enum Welcome : byte
{
    Welcome,
    Quarantined,
    WrongAddress,
}

/// <summary>
/// How two systems meet: both sides send a random challenge, then the one that opened the connection introduces itself with an HMAC over both
/// challenges and its words, and only then the other one proves in the same way that it knows the secret. The target's address is among
/// the words, so that a proof made for one system is worth nothing at another; and so is the listener's certificate, so that nobody can stand
/// between two TLS connections, even when certificates are not validated. Nothing of variable length is read from an unproven peer but the
/// introduction, whose length is bounded.
/// </summary>
internal static class Handshake
{
    private const int ChallengeLength = 32;
    private const int LongestIntroduction = 1024;

    private static readonly byte[] Magic = "ATr1"u8.ToArray();

    /// <returns>The peer's uid.</returns>
    /// <exception cref="HandshakeException">One of the two does not trust the other.</exception>
    public static async Task<int> IntroduceAsync(Stream stream, RemoteSettings settings, Introduction introduction, CancellationToken cancel)
    {
        var mine = await ChallengeAsync(stream, cancel);
        var theirs = await ReadChallengeAsync(stream, cancel);
        var words = Encode(introduction);
        var message = new byte[sizeof(ushort) + words.Length + HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(message, (ushort)words.Length);
        words.CopyTo(message, sizeof(ushort));
        Prove(settings, stream, "opener", mine, theirs, words).CopyTo(message, sizeof(ushort) + words.Length);
        await stream.WriteAsync(message, cancel);

        var answer = new byte[1 + sizeof(int) + HMACSHA256.HashSizeInBytes];
        try
        {
            await stream.ReadExactlyAsync(answer, cancel);
        }
        catch (EndOfStreamException)
        {
            throw new HandshakeException("it closed the connection; does it have the same secret?");
        }
        var said = answer.AsSpan(0, 1 + sizeof(int));
        if (!CryptographicOperations.FixedTimeEquals(Prove(settings, stream, "listener", mine, theirs, [.. words, .. said]), answer.AsSpan(said.Length)))
            throw new HandshakeException("it does not know the secret");
        return (Welcome)answer[0] switch
        {
            Welcome.Welcome => BinaryPrimitives.ReadInt32LittleEndian(said[1..]),
            Welcome.Quarantined => throw new QuarantinedException(),
            _ => throw new HandshakeException($"it does not go by the name {introduction.To}"),
        };
    }

    /// <param name="stream">The connection.</param>
    /// <param name="settings">The secret.</param>
    /// <param name="uid">Our uid.</param>
    /// <param name="judge">What to say to a peer that knows the secret.</param>
    /// <param name="cancel">Ends the wait for the peer.</param>
    /// <exception cref="HandshakeException">The peer does not know the secret, or was not welcome.</exception>
    public static async Task<Introduction> ReceiveAsync(
        Stream stream, RemoteSettings settings, int uid, Func<Introduction, Welcome> judge, CancellationToken cancel)
    {
        var theirs = await ReadChallengeAsync(stream, cancel);
        var mine = await ChallengeAsync(stream, cancel);
        var length = new byte[sizeof(ushort)];
        await stream.ReadExactlyAsync(length, cancel);
        var words = new byte[BinaryPrimitives.ReadUInt16LittleEndian(length)];
        if (words.Length > LongestIntroduction)
            throw new HandshakeException("it speaks another protocol");
        await stream.ReadExactlyAsync(words, cancel);
        var proof = new byte[HMACSHA256.HashSizeInBytes];
        await stream.ReadExactlyAsync(proof, cancel);
        if (!CryptographicOperations.FixedTimeEquals(Prove(settings, stream, "opener", theirs, mine, words), proof))
            throw new HandshakeException("it does not know the secret");

        var introduction = Decode(words);
        var welcome = judge(introduction);
        var answer = new byte[1 + sizeof(int)];
        answer[0] = (byte)welcome;
        BinaryPrimitives.WriteInt32LittleEndian(answer.AsSpan(1), uid);
        await stream.WriteAsync((byte[])[.. answer, .. Prove(settings, stream, "listener", theirs, mine, [.. words, .. answer])], cancel);
        return welcome switch
        {
            Welcome.Welcome => introduction,
            Welcome.Quarantined => throw new HandshakeException($"{introduction.From} (uid {introduction.Uid}) is quarantined"),
            _ => throw new HandshakeException($"it wants {introduction.To}, which is not here"),
        };
    }

    /// <summary>The listening side's TLS, if it is switched on.</summary>
    public static async Task<Stream> SecureAsync(Stream stream, RemoteSettings settings, CancellationToken cancel)
    {
        if (settings.Certificate is not { } certificate)
            return stream;
        var secure = new SslStream(stream);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancel);
        return secure;
    }

    /// <summary>The opening side's TLS, if it is switched on. A certificate equal to our own is trusted: nodes may share a self-signed one.</summary>
    public static async Task<Stream> SecureAsync(Stream stream, RemoteSettings settings, string host, CancellationToken cancel)
    {
        if (settings.Certificate is not { } own)
            return stream;
        var secure = new SslStream(stream);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host.Trim('[', ']'),
            RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                errors == SslPolicyErrors.None || settings.SuppressValidation
                || (certificate as X509Certificate2)?.RawDataMemory.Span.SequenceEqual(own.RawDataMemory.Span) == true,
        };
        await secure.AuthenticateAsClientAsync(options, cancel);
        return secure;
    }

    private static async Task<byte[]> ChallengeAsync(Stream stream, CancellationToken cancel)
    {
        var challenge = RandomNumberGenerator.GetBytes(ChallengeLength);
        await stream.WriteAsync((byte[])[.. Magic, .. challenge], cancel);
        return challenge;
    }

    private static async Task<byte[]> ReadChallengeAsync(Stream stream, CancellationToken cancel)
    {
        var magic = new byte[Magic.Length];
        await stream.ReadExactlyAsync(magic, cancel);
        if (!magic.AsSpan().SequenceEqual(Magic))
            throw new HandshakeException("it speaks another protocol");
        var challenge = new byte[ChallengeLength];
        await stream.ReadExactlyAsync(challenge, cancel);
        return challenge;
    }

    private static byte[] Prove(RemoteSettings settings, Stream stream, string role, byte[] opener, byte[] listener, byte[] words)
    {
        var certificate = stream is SslStream secure
            ? (secure.IsServer ? secure.LocalCertificate : secure.RemoteCertificate)!.GetCertHash(HashAlgorithmName.SHA256)
            : [];
        return HMACSHA256.HashData(settings.Secret, (byte[])[.. Encoding.ASCII.GetBytes(role), .. opener, .. listener, .. certificate, .. words]);
    }

    private static byte[] Encode(Introduction introduction) =>
        Encoding.UTF8.GetBytes($"{(introduction.Control ? 1 : 0)} {introduction.Uid} {introduction.From} {introduction.To}");

    private static Introduction Decode(byte[] words)
    {
        var parts = Encoding.UTF8.GetString(words).Split(' ');
        return parts is [var control, var uid, var from, var to]
            && int.TryParse(uid, out var number) && Address.TryParse(from, out var source) && Address.TryParse(to, out var target)
            ? new Introduction(control == "1", number, source, target)
            : throw new HandshakeException("its introduction cannot be read");
    }
}

/// <summary>The peer has quarantined this system.</summary>
internal sealed class QuarantinedException() : Exception("it has quarantined this system");
