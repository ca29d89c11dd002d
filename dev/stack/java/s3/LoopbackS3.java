import com.adobe.testing.s3mock.S3MockApplication;
import com.adobe.testing.s3mock.dto.S3Object;
import com.adobe.testing.s3mock.dto.VersioningConfiguration;
import com.adobe.testing.s3mock.service.BucketService;
import com.adobe.testing.s3mock.store.BucketMetadata;
import com.adobe.testing.s3mock.store.BucketStore;
import com.adobe.testing.s3mock.store.ObjectStore;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.embedded.tomcat.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

/**
 * Starts S3Mock with one port, on 127.0.0.1 alone, and with the listings of S3.
 *
 * <p>S3Mock opens a second port on every interface, and no property turns it off or binds it. It is
 * taken away here before the server starts; server.port and server.address govern the one that is
 * left.
 *
 * <p>S3Mock 4.12.4 lists a key whose newest version is a delete marker; S3 does not. Nor does S3Mock
 * create a bucket that keeps versions: those named in versioned-buckets, which are among the initial
 * buckets, do as long as they were empty at a start. Arguments are Spring Boot properties.
 */
public final class LoopbackS3 {
    private LoopbackS3() {}

    public static void main(String[] arguments) {
        new SpringApplicationBuilder(S3MockApplication.class, LikeS3.class)
                .properties("server.address=127.0.0.1", "server.ssl.enabled=false")
                .run(arguments);
    }

    /** Named in no component scan: it applies only to this start. */
    @Configuration(proxyBeanMethods = false)
    static class LikeS3 {
        @Bean
        WebServerFactoryCustomizer<TomcatServletWebServerFactory> withoutSecondPort() {
            return factory -> factory.getAdditionalTomcatConnectors().clear();
        }

        @Bean
        @Primary
        BucketService buckets(
                BucketStore buckets,
                ObjectStore objects,
                @Value("${versioned-buckets:}") List<String> versioned) {
            return new Buckets(buckets, objects, versioned);
        }
    }

    /** Lists what has not been deleted. */
    static class Buckets extends BucketService {
        private final BucketStore buckets;
        private final ObjectStore objects;

        Buckets(BucketStore buckets, ObjectStore objects, List<String> versioned) {
            super(buckets, objects);
            this.buckets = buckets;
            this.objects = objects;
            for (String name : versioned) {
                // Only while it is empty: S3Mock forgets the keys of a bucket whose versioning is set.
                if (!buckets.getBucketMetadata(name).isVersioningEnabled()
                        && buckets.lookupIdsInBucket(null, name).isEmpty()) {
                    setVersioningConfiguration(
                            name,
                            new VersioningConfiguration(
                                    null, VersioningConfiguration.Status.ENABLED, null));
                }
            }
        }

        @Override
        public List<S3Object> getS3Objects(String bucket, String prefix) {
            BucketMetadata metadata = buckets.getBucketMetadata(bucket);
            return buckets.lookupIdsInBucket(prefix, bucket).stream()
                    .map(id -> objects.getS3ObjectMetadata(metadata, id, null))
                    .filter(Objects::nonNull)
                    .filter(each -> !each.deleteMarker())
                    .map(S3Object::from)
                    .sorted(Comparator.comparing(S3Object::key))
                    .toList();
        }
    }
}
