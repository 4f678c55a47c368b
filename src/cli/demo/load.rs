//! The load on the demo's database: a shop whose customers come in waves, so that its charts move.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, Error};

use super::postgres::connect;

const SCHEMA: &str = include_str!("shop.sql");
/// A step takes a few milliseconds, so the load stays under one percent of a core.
const PAUSE: Duration = Duration::from_millis(250);
/// From one wave of customers to the next.
const WAVE: Duration = Duration::from_secs(180);
/// Orders of one step, on average between the waves and at their top.
const ORDERS: (f64, f64) = (0.4, 3.0);
const RECONNECT_PAUSE: Duration = Duration::from_secs(2);

const PLACE_ORDER: &str = "
    WITH placed AS (
        INSERT INTO orders (customer_id, status)
        SELECT 1 + floor(random() * 2000)::bigint, 'placed'
        RETURNING id
    ), wanted AS (
        SELECT DISTINCT 1 + floor(random() * 200)::bigint AS product_id
        FROM generate_series(1, 1 + floor(random() * 4)::int)
    )
    INSERT INTO order_items (order_id, product_id, quantity, price_cents)
    SELECT placed.id, products.id, 1 + floor(random() * 3)::int, products.price_cents
    FROM placed, wanted JOIN products ON products.id = wanted.product_id";

/// What the shop's staff do, one after the other, each after some orders.
const CHORES: [&str; 5] = [
    "WITH paid AS (
        UPDATE orders SET status = 'paid'
        WHERE id IN (SELECT id FROM orders WHERE status = 'placed' ORDER BY placed_at LIMIT 20)
        RETURNING id
    )
    INSERT INTO payments (order_id, amount_cents)
    SELECT order_items.order_id, sum(quantity * price_cents)
    FROM order_items JOIN paid ON paid.id = order_items.order_id
    GROUP BY order_items.order_id",
    "WITH shipped AS (
        UPDATE orders SET status = 'shipped'
        WHERE id IN (SELECT id FROM orders WHERE status = 'paid' ORDER BY placed_at LIMIT 20)
        RETURNING id
    ), sold AS (
        SELECT product_id, sum(quantity) AS quantity
        FROM order_items JOIN shipped ON shipped.id = order_items.order_id
        GROUP BY product_id
    )
    UPDATE products SET stock = stock - sold.quantity FROM sold WHERE products.id = sold.product_id",
    "SELECT products.title, sum(order_items.quantity) AS sold
    FROM order_items JOIN products ON products.id = order_items.product_id
    GROUP BY products.title ORDER BY sold DESC LIMIT 10",
    "UPDATE products SET stock = stock + 1000 WHERE stock < 100",
    // what was shipped leaves the shop after a while, so that a demo of a day does not fill the disk
    "DELETE FROM orders WHERE id IN (
        SELECT id FROM orders WHERE status = 'shipped' AND placed_at < now() - interval '2 hours'
        ORDER BY placed_at LIMIT 200
    )",
];

/// Creates the shop's tables.
pub(super) async fn create(database: &Config) -> Result<(), Error> {
    connect(database).await?.batch_execute(SCHEMA).await
}

/// Keeps the shop busy until it is dropped.
pub(super) async fn run(database: Config) {
    let started = Instant::now();
    loop {
        let error = match connect(&database).await {
            Ok(client) => work(&client, started).await,
            Err(error) => error,
        };
        tracing::debug!(%error, "the shop's connection failed and is made again");
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

/// Returns only by an error.
async fn work(client: &Client, started: Instant) -> Error {
    let mut owed = 0.0;
    let mut chores = CHORES.iter().cycle();
    loop {
        owed += orders_at(started.elapsed());
        while owed >= 1.0 {
            owed -= 1.0;
            if let Err(error) = client.execute(PLACE_ORDER, &[]).await {
                return error;
            }
        }
        let Some(chore) = chores.next() else { continue };
        if let Err(error) = client.execute(*chore, &[]).await {
            return error;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Orders of a step at this time, as a wave.
fn orders_at(elapsed: Duration) -> f64 {
    let (low, high) = ORDERS;
    let phase = elapsed.as_secs_f64() / WAVE.as_secs_f64() * std::f64::consts::TAU;
    low + (high - low) * (1.0 - phase.cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_come_in_waves() {
        assert!((orders_at(Duration::ZERO) - ORDERS.0).abs() < 1e-9);
        assert!((orders_at(WAVE / 2) - ORDERS.1).abs() < 1e-9);
        assert!((orders_at(WAVE) - ORDERS.0).abs() < 1e-9);
    }
}
