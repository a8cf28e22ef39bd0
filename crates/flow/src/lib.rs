//! Flow control: byte memory pool, bounded queues, shutdown.
