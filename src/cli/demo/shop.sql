-- The database of the demo: a small shop, with rows enough that sizes and vacuums show.

CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    city text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL UNIQUE,
    title text NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents > 0),
    stock integer NOT NULL
);

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    status text NOT NULL CHECK (status IN ('placed', 'paid', 'shipped')),
    placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX orders_by_status ON orders (status, placed_at);

CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    product_id bigint NOT NULL REFERENCES products,
    quantity integer NOT NULL CHECK (quantity > 0),
    price_cents integer NOT NULL,
    PRIMARY KEY (order_id, product_id)
);
CREATE INDEX order_items_by_product ON order_items (product_id);

CREATE TABLE payments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL UNIQUE REFERENCES orders ON DELETE CASCADE,
    amount_cents bigint NOT NULL,
    paid_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO customers (email, name, city)
SELECT 'customer' || n || '@example.com', 'Customer ' || n,
       (ARRAY['Lyon', 'Porto', 'Graz', 'Tartu', 'Osaka', 'Quito'])[1 + n % 6]
FROM generate_series(1, 2000) AS n;

INSERT INTO products (sku, title, price_cents, stock)
SELECT 'SKU-' || lpad(n::text, 4, '0'), 'Product ' || n, 500 + (n * 37) % 9500, 1000
FROM generate_series(1, 200) AS n;

INSERT INTO orders (customer_id, status, placed_at)
SELECT 1 + n % 2000, 'shipped', now() - n * interval '1 second'
FROM generate_series(1, 5000) AS n;

INSERT INTO order_items (order_id, product_id, quantity, price_cents)
SELECT o.id, p.id, 1 + (o.id % 3)::int, p.price_cents
FROM orders AS o JOIN products AS p ON p.id IN (1 + o.id % 200, 1 + (o.id * 7 + 3) % 200);

INSERT INTO payments (order_id, amount_cents, paid_at)
SELECT o.id, sum(i.quantity * i.price_cents), o.placed_at
FROM orders AS o JOIN order_items AS i ON i.order_id = o.id
GROUP BY o.id;

ANALYZE;
