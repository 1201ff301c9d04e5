package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ServeTCP answers until the listener is closed. Clients come here with what does not fit into a packet.
func (s *Server) ServeTCP(listener net.Listener) error {
	ctx, end := context.WithCancel(context.Background())
	var open sync.WaitGroup
	defer open.Wait()
	defer end()
	for {
		client, err := listener.Accept()
		if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
			time.Sleep(100 * time.Millisecond) // the client waits in the kernel's queue until a descriptor is free
			continue
		}
		if err != nil {
			return closed(err)
		}
		if s.talking.Add(1) > clients {
			s.talking.Add(-1)
			client.Close()
			continue
		}
		open.Go(func() {
			defer s.talking.Add(-1)
			s.talk(ctx, client)
		})
	}
}

// talk answers one client, one question after the other. Who sends slowly, or does not take its answers, is cut off.
func (s *Server) talk(ctx context.Context, client net.Conn) {
	defer client.Close()
	defer context.AfterFunc(ctx, func() { client.Close() })()
	for {
		client.SetDeadline(time.Now().Add(idle))
		packet, err := readMessage(client, largestUDP)
		if err != nil {
			return
		}
		q, ok := parse(packet)
		if !ok {
			return
		}
		reply := s.here(q, largestTCP)
		if reply == nil {
			reply = s.forward(ctx, q, "tcp", largestTCP)
		}
		client.SetDeadline(time.Now().Add(idle))
		if writeMessage(client, reply) != nil {
			return
		}
	}
}

var errTooLong = errors.New("message too long")

// readMessage reads one message of a stream: RFC 1035, section 4.2.2.
func readMessage(stream io.Reader, limit int) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(stream, length[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(length[:]))
	if n > limit {
		return nil, errTooLong
	}
	message := make([]byte, n)
	_, err := io.ReadFull(stream, message)
	return message, err
}

// writeMessage sends length and message at once: some servers take the first piece that comes for the whole.
func writeMessage(stream io.Writer, message []byte) error {
	_, err := stream.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
	return err
}
