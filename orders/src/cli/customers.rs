//! `orders customers`

use super::{
    Api,
    client::ApiClient,
    list, print, say,
    table::{money, number, table, text, time},
};
use clap::{Args, Subcommand};
use domain::CustomerId;
use serde_json::{Value, json};

/// What is done with customers.
#[derive(Debug, Subcommand)]
pub(super) enum Customers {
    /// Take down who a customer is.
    Register(ProfileArgs),
    /// Show who a customer is, and what they have ordered.
    Show(CustomerArgs),
    /// Take down who a customer is now: what is left out is known no more.
    Change(ProfileArgs),
    /// Erase a customer: nothing personal of theirs can be read any more, anywhere. It cannot be undone.
    Erase(EraseArgs),
    /// List the orders of a customer, the newest first.
    Orders(OrdersArgs),
}

/// Who a customer is: at least one of name, email and phone.
#[derive(Debug, Args)]
pub(super) struct ProfileArgs {
    /// The customer, as the shop numbers its customers.
    customer_id: CustomerId,
    #[command(flatten)]
    profile: Profile,
    /// The request's key: sent again with the same key, nothing more happens.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    api: Api,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Profile {
    /// What they are called.
    #[arg(long)]
    name: Option<String>,
    /// Where they get e-mail.
    #[arg(long)]
    email: Option<String>,
    /// Where they are called.
    #[arg(long)]
    phone: Option<String>,
}

/// Which customer.
#[derive(Debug, Args)]
pub(super) struct CustomerArgs {
    /// The customer.
    customer_id: CustomerId,
    #[command(flatten)]
    api: Api,
}

/// Erase a customer.
#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    /// The customer.
    customer_id: CustomerId,
    /// That it is meant: what is erased cannot be brought back.
    #[arg(long, required = true)]
    yes: bool,
    #[command(flatten)]
    api: Api,
}

/// List the orders of a customer.
#[derive(Debug, Args)]
pub(super) struct OrdersArgs {
    /// The customer.
    customer_id: CustomerId,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Where the page before ended.
    #[arg(long, allow_hyphen_values = true)]
    cursor: Option<String>,
    #[command(flatten)]
    api: Api,
}

pub(super) async fn run(command: Customers) -> anyhow::Result<()> {
    match command {
        Customers::Register(args) => {
            let mut body = profile(&args.profile);
            body["customer_id"] = json!(args.customer_id);
            write(args, "/v1/customers", &body, "registered").await
        }
        Customers::Change(args) => {
            let path = format!("{}/profile", path(&args.customer_id));
            let body = profile(&args.profile);
            write(args, &path, &body, "changed").await
        }
        Customers::Show(args) => show(args).await,
        Customers::Erase(args) => erase(args).await,
        Customers::Orders(args) => orders(args).await,
    }
}

/// Where a customer is: there is nothing in a number that a path could not have.
fn path(customer_id: &CustomerId) -> String {
    format!("/v1/customers/{customer_id}")
}

fn profile(given: &Profile) -> Value {
    json!({"name": given.name, "email": given.email, "phone": given.phone})
}

async fn write(args: ProfileArgs, path: &str, body: &Value, what: &str) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let key = args.idempotency_key.as_deref();
    let written = client.post(path, key, body).await?;
    match args.api.json {
        true => print(&serde_json::to_string_pretty(&written.body)?),
        false => say(&format!("Customer {} is {what}.", args.customer_id)),
    }
    Ok(())
}

async fn show(args: CustomerArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let customer = client.get(&path(&args.customer_id), &[], None).await?;
    if args.api.json {
        print(&serde_json::to_string_pretty(&customer)?);
        return Ok(());
    }
    let mut who = table(&["customer", "name", "email", "phone", "erased", "orders"]);
    who.add_row(vec![
        text(&customer["customer_id"]),
        text(&customer["name"]),
        text(&customer["email"]),
        text(&customer["phone"]),
        text(&customer["erased"]),
        number(&customer["orders"]),
    ]);
    print(&who.to_string());
    let sales = customer["currencies"].as_array();
    let sales = sales.map(Vec::as_slice).unwrap_or_default();
    if !sales.is_empty() {
        let mut sums = table(&["currency", "orders", "total", "first", "last"]);
        for sale in sales {
            sums.add_row(vec![
                text(&sale["currency"]),
                number(&sale["orders"]),
                money(&sale["total"]),
                time(&sale["first_order_at"]),
                time(&sale["last_order_at"]),
            ]);
        }
        print(&sums.to_string());
    }
    Ok(())
}

async fn erase(args: EraseArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let erased = client.delete(&path(&args.customer_id)).await?.body;
    if args.api.json {
        print(&serde_json::to_string_pretty(&erased)?);
        return Ok(());
    }
    let (customer, within) = (&args.customer_id, &erased["complete_within_s"]);
    match erased["known"] == json!(true) {
        true => say(&format!(
            "Customer {customer} is erased; no process can read anything personal after {within} s. \
             `orders verify-erasure {customer}` shows it."
        )),
        false => say(&format!(
            "Nothing personal of customer {customer} was known; nothing is taken down for that number \
             any more."
        )),
    }
    Ok(())
}

async fn orders(args: OrdersArgs) -> anyhow::Result<()> {
    let client = ApiClient::new(&args.api)?;
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.cursor.map(|cursor| ("cursor", cursor)));
    let path = format!("{}/orders", path(&args.customer_id));
    let page = client.get(&path, &query, None).await?;
    match args.api.json {
        true => print(&serde_json::to_string_pretty(&page)?),
        false => {
            let more = format!("orders customers orders {}", args.customer_id);
            list::show(&page, &more);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: Customers,
    }

    fn read(line: &[&str]) -> Result<Line, clap::Error> {
        Line::try_parse_from([&["customers"], line].concat())
    }

    #[test]
    fn something_is_said_of_who_is_registered_and_an_erasure_is_meant() {
        assert!(read(&["register", "4711"]).is_err());
        assert!(read(&["register", "4711", "--phone", "1"]).is_ok());
        assert!(read(&["change", "4711"]).is_err());
        assert!(read(&["change", "4711", "--name", "Ada", "--email", "a@b"]).is_ok());
        assert!(read(&["erase", "4711"]).is_err());
        assert!(read(&["erase", "4711", "--yes"]).is_ok());
    }
}
